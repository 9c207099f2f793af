/** What operators may ask of authorities besides what anybody may fetch. */
import type { CertificateRecord } from '../domain/records/certificate.ts';
import type { Authority } from '../domain/records/environment.ts';
import type { AuthorityGeneration } from '../domain/records/generation.ts';
import type { KeyType } from '../domain/x509/key-type.ts';
import type { Caller } from './caller.ts';

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

/** `inForce` is null while the authority waits for its certificate; `csrDer` is null unless it is signed elsewhere. */
export interface AuthorityDetail {
  readonly authority: Authority;
  readonly inForce: AuthorityView | null;
  readonly csrDer: Uint8Array | null;
}

/** What is absent is as the settings say for new authorities. */
export interface AuthorityInput {
  readonly name: string;
  readonly environment: string;
  readonly vault?: string;
  /** A key that the vault has already. */
  readonly key?: string;
  readonly keyType?: KeyType;
  readonly commonName?: string;
}

/** All throw CaError; `notFound` for a name that is none. */
export interface AuthorityServices {
  describeAuthority(name: string): Promise<AuthorityDetail>;
  /** Makes the key and the CSR of an authority that is to be signed elsewhere; `conflict` for a name that is taken. */
  requestAuthority(caller: Caller, input: AuthorityInput): Promise<AuthorityDetail>;
}
