/** What operators may ask of authorities besides what anybody may fetch. */
import type { CertificateRecord } from '../domain/records/certificate.ts';
import type { Authority } from '../domain/records/environment.ts';

/** An authority in force, as anybody may see it. */
export interface AuthorityView {
  readonly authority: Authority;
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
