/**
 * Port: the part of the inventory that keeps authorities of ours that are signed elsewhere, and what signs them. What
 * ports/inventory.ts promises holds here, too.
 */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { CertificateDetails } from '../domain/records/certificate.ts';
import type { ExternalAuthority } from '../domain/records/external-authority.ts';

export interface AuthorityRequest {
  /** Name of an authority of ours. */
  readonly authority: string;
  /** Number of its generation that has the key. */
  readonly generation: number;
  readonly csrDer: Uint8Array;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** A certificate that was signed elsewhere for an authority of ours, and those of its chain that are new. */
export interface AuthorityImport {
  /** `owner` is the authority; `authority` the external one that signed it. */
  readonly certificate: CertificateDetails;
  readonly tbsSha256: string;
  readonly certificateDer: Uint8Array;
  /** In the order of their parents: the root first. */
  readonly external: readonly ExternalAuthority[];
  readonly audit: AuditEntry;
}

export interface ExternalStore {
  /** Once for each generation of an authority: `conflict` for a second CSR, `notFound` for no such generation. */
  recordAuthorityRequest(request: AuthorityRequest, audit: AuditEntry): Promise<void>;
  authorityRequest(authority: string, generation: number): Promise<AuthorityRequest | undefined>;
  /**
   * Records the certificate as issued and the external authorities that are new, all or nothing; `activateAuthority` then
   * puts it in force, `certifyGeneration` gives it to a generation that comes. The same certificate again changes nothing.
   * `conflict` for another one with its serial, and for an external authority whose name is taken; `notFound` for no authority.
   */
  recordImport(imported: AuthorityImport): Promise<void>;
  /** By name. */
  externalAuthorities(): Promise<readonly ExternalAuthority[]>;
}
