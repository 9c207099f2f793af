/** What operators may ask of authorities besides what anybody may fetch. */
import type { CertificateRecord } from '../domain/records/certificate.ts';
import type { Authority } from '../domain/records/environment.ts';
import type { AuthorityGeneration } from '../domain/records/generation.ts';

/** A generation of an authority, as anybody may see it. */
export interface AuthorityView {
  /** With the key and the certificate of this generation. */
  readonly authority: Authority;
  /** Names its list, and is in its addresses: see domain/records/generation.ts. */
  readonly id: string;
  readonly generation: AuthorityGeneration;
  readonly certificate: CertificateRecord;
  readonly certificateDer: Uint8Array;
}

/** `inForce` is null while the authority waits for its certificate. */
export interface AuthorityDetail {
  readonly authority: Authority;
  readonly inForce: AuthorityView | null;
}

/** All throw CaError; `notFound` for a name that is none. */
export interface AuthorityServices {
  describeAuthority(name: string): Promise<AuthorityDetail>;
}
