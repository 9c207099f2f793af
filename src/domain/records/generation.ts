/** Generations of an authority: a key with its certificates, its list and its addresses. docs/adr/0018-authority-rotation.md. */
import type { KeyType } from '../x509/key-type.ts';
import type { SignatureAlgorithmName } from '../x509/signature-algorithm.ts';

/**
 * `coming`: known and trusted ahead of need, signs nothing but the other's cross-certificate. `inForce`: new certificates come
 * from it. `outgoing`: signs lists and OCSP responders only. `retired`: its key is destroyed, its last list is served.
 */
export type GenerationPhase = 'coming' | 'inForce' | 'outgoing' | 'retired' | 'abandoned';

export interface AuthorityGeneration {
  readonly authority: string;
  /** 1, 2, 3, ... */
  readonly number: number;
  readonly phase: GenerationPhase;
  readonly vault: string;
  readonly vaultKey: string;
  readonly keyType: KeyType;
  readonly signatureAlgorithm: SignatureAlgorithmName;
  /** Null until it is recorded. */
  readonly certificateSerial: string | null;
  /** Nobody is to trust it any more: no bundle and no chain carries it. */
  readonly isCompromised: boolean;
  /** Unix milliseconds, both. */
  readonly createdAt: number;
  readonly keyDestroyedAt: number | null;
  /** Answers OCSP once the key is destroyed. Null before. */
  readonly responder: { readonly vault: string; readonly vaultKey: string; readonly certificateSerial: string } | null;
}

/** RFC 4210 §4.4: `newWithOld` is for the generation's key, signed by the one before; `oldWithNew` by the one after. */
export type AuthorityCertificateKind = 'own' | 'newWithOld' | 'oldWithNew';

/** A certificate for the key of a generation. */
export interface AuthorityCertificate {
  readonly authority: string;
  readonly generation: number;
  readonly kind: AuthorityCertificateKind;
  readonly serial: string;
}

/** What names a generation's list and is in its addresses: the authority's name; from the second on `dev-issuing.2`. */
export const generationId = ({ authority, number }: Pick<AuthorityGeneration, 'authority' | 'number'>): string =>
  number === 1 ? authority : `${authority}.${number}`;

/** The authority of a generation's id; no authority's own name has a dot. */
export const authorityOfGeneration = (id: string): string => id.replace(/\.[1-9][0-9]*$/, '');
