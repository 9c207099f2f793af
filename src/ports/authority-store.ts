/** Port: the part of the inventory that knows authorities and their generations. Held to what ports/inventory.ts says of all of it. */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { AuthorityRotation, RotationState } from '../domain/records/authority-rotation.ts';
import type { Authority } from '../domain/records/environment.ts';
import type { AuthorityCertificate, AuthorityGeneration } from '../domain/records/generation.ts';

export interface RotationChange extends Pick<AuthorityRotation, 'authority' | 'generation'> {
  /** In any other state nothing is changed. */
  readonly from: RotationState;
  readonly to: RotationState;
  readonly campaign?: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly audit: AuditEntry;
}

export interface GenerationMark extends Pick<AuthorityGeneration, 'authority' | 'number'> {
  readonly isCompromised?: true;
  /** Unix milliseconds. */
  readonly keyDestroyedAt?: number;
  readonly responder?: NonNullable<AuthorityGeneration['responder']>;
  readonly audit: AuditEntry;
}

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
  /**
   * Begins a rotation, `preparing`, with its new generation: `coming`, without certificate; also blocks its key. `conflict` for
   * a number that is known, for keys as above, and while another rotation of the authority is under way.
   */
  startRotation(starting: {
    rotation: AuthorityRotation;
    generation: AuthorityGeneration;
    keySha256: string;
    audit: AuditEntry;
  }): Promise<void>;
  /** Puts both generations into the phases of the state, and the one in force into the authority. False unless it is `from`. */
  changeRotation(change: RotationChange): Promise<boolean>;
  /** Of all authorities, by name and generation. */
  rotations(): Promise<readonly AuthorityRotation[]>;
  /** What a generation has become besides: nothing of it is taken back. `notFound` for one that is none. */
  markGeneration(marking: GenerationMark): Promise<void>;
  /** A recorded certificate is for the key of a generation; its own comes to be the one of the generation. */
  certifyGeneration(certificate: AuthorityCertificate, audit: AuditEntry): Promise<void>;
  /** Of all authorities, by name and number. */
  generations(): Promise<readonly AuthorityGeneration[]>;
  /** Every certificate that generations have had, the crosses among them. */
  authorityCertificates(): Promise<readonly AuthorityCertificate[]>;
}
