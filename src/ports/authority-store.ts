/** Port: the part of the inventory that knows authorities and their generations. Held to what ports/inventory.ts says of all of it. */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { Authority } from '../domain/records/environment.ts';
import type { AuthorityCertificate, AuthorityGeneration } from '../domain/records/generation.ts';

export interface AuthorityStore {
  /**
   * With its first generation, without certificate yet; also blocks its key for anybody else. `keySha256` of its public key.
   * `conflict` for a name that exists, and for a key that is another authority's or an operator's already, wherever it is
   * held, or compromised.
   */
  createAuthority(authority: Authority, keySha256: string, audit: AuditEntry): Promise<void>;
  /** Puts a recorded certificate in force for the authority, and for its generation in force. */
  activateAuthority(name: string, certificateSerial: string, audit: AuditEntry): Promise<void>;
  authorities(): Promise<readonly Authority[]>;
  /** Another generation, `coming` and without certificate; also blocks its key. `conflict` for a number that is known, and for keys as above. */
  createGeneration(generation: AuthorityGeneration, keySha256: string, audit: AuditEntry): Promise<void>;
  /** A recorded certificate is for the key of a generation; its own comes to be the one of the generation. */
  certifyGeneration(certificate: AuthorityCertificate, audit: AuditEntry): Promise<void>;
  /** Of all authorities, by name and number. */
  generations(): Promise<readonly AuthorityGeneration[]>;
  /** Every certificate that generations have had, the crosses among them. */
  authorityCertificates(): Promise<readonly AuthorityCertificate[]>;
}
