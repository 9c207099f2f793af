/** What operators may ask of authorities besides what anybody may fetch. */
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Authority } from '../../domain/records/environment.ts';
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import type { Caller } from '../caller.ts';
import type { PublishedCrl } from '../revoking/published-crl.ts';
import type { ExternalView } from './external-authorities.ts';

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

/**
 * `inForce` is null while the authority waits for its certificate; `coming` is the next generation, once it has one. `csrDer`
 * is null unless the authority is signed elsewhere; else that of its newest generation.
 */
export interface OwnAuthorityDetail {
  readonly kind: 'own';
  readonly authority: Authority;
  readonly inForce: AuthorityView | null;
  readonly coming: AuthorityView | null;
  readonly csrDer: Uint8Array | null;
  /** Why one that is compromised issues nothing, and what its replacement waits for. */
  readonly stopped: string | null;
}

export type AuthorityDetail = OwnAuthorityDetail | (ExternalView & { readonly kind: 'external' });

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

/** PEM. The root may come in the chain, beside it, or from an import before. */
export interface ImportInput {
  /** Ours first, each issuer after. */
  readonly chainPem: string;
  readonly rootPem?: string;
  /** Hex SHA-256 by which the caller confirms the chain's root. */
  readonly rootSha256?: string;
}

/** All throw CaError; `notFound` for a name that is none. */
export interface AuthorityServices {
  describeAuthority(name: string): Promise<AuthorityDetail>;
  /** Makes the key and the CSR of an authority that is to be signed elsewhere; `conflict` for a name that is taken. */
  requestAuthority(caller: Caller, input: AuthorityInput): Promise<OwnAuthorityDetail>;
  /**
   * Judges the chain, refuses with every reason, and puts it in force, or has it prepare the generation that comes where it is
   * for the key of that; `conflict` for one that is signed here.
   */
  importAuthority(caller: Caller, name: string, input: ImportInput): Promise<OwnAuthorityDetail>;
  /** Judges and serves the list of one whose key is elsewhere; `conflict` for one that makes its own. */
  importCrl(caller: Caller, name: string, crlPem: string): Promise<PublishedCrl>;
  /** Those whose keys are elsewhere, by name; anybody may see them. */
  listExternalAuthorities(): Promise<readonly ExternalView[]>;
  /** Of them those that anybody may still have to do with: what is in use is below them, or their list is still good. */
  listExternalAuthoritiesServed(): Promise<readonly ExternalView[]>;
  externalAuthority(name: string): Promise<ExternalView | undefined>;
}
