/** What policy needs to know of the authority that will sign. */
import type { NameConstraints } from '../x509/name-constraints.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';

export interface IssuerFacts {
  readonly authority: string;
  readonly certificateSerial: string;
  /** The very bytes of the CA certificate's subject. */
  readonly subjectDer: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Of the authority and of those above it; absent without any. */
  readonly nameConstraints?: readonly NameConstraints[];
  /** Dotted OIDs of the purposes that they admit; absent where none narrows them. */
  readonly purposes?: readonly string[];
  /** Where certificates of this authority say their CRL, OCSP responder and issuer are. */
  readonly urls: { readonly crl: string; readonly ocsp: string; readonly aia: string };
}
