/** What the inventory knows of one certificate: the words of the glossary, with units. */
import type { RevocationReason } from '../policy/revocation-reason.ts';

/** `intent`: serial durable, not yet signed. Expired and superseded are derived, never stored. */
export type CertificateState = 'intent' | 'issued' | 'revoked';

/** What a certificate is for; `owner` is read by it: a product id, an authority, an operator, or `server`. */
export type CertificatePurpose = 'product' | 'authority' | 'operator' | 'server' | 'ocspResponder' | 'auditLog';

export interface Revocation {
  /** Unix seconds, as CRL and OCSP show it. */
  readonly at: number;
  readonly reason: RevocationReason;
  /** Unix seconds (RFC 5280 §5.3.2). */
  readonly invalidityDate?: number;
}

/** Everything about a certificate that is decided before it is signed. */
export interface CertificateDetails {
  /** 20 octets, 40 lower-case hexadecimal digits. */
  readonly serial: string;
  readonly purpose: CertificatePurpose;
  /** Null for certificates of `system`. */
  readonly environment: string | null;
  /** Product id (`dev/product-a`), authority name, operator name, or `server`: see purpose. */
  readonly owner: string;
  /** Name of the issuing authority, and the serial of the authority's certificate that was in force (its own for a root). */
  readonly authority: string;
  readonly issuerSerial: string;
  readonly profile: string;
  readonly profileVersion: number;
  /** Of the product; null for the service's own certificates, and for those issued before this was kept. */
  readonly productVersion: number | null;
  /** RFC 4514 text, for people; the DER is the truth. */
  readonly subject: string;
  /** GeneralName plain text, in certificate order. */
  readonly names: readonly string[];
  /** `ec-p256`, `rsa-3072`, `ed25519`. */
  readonly keyType: string;
  /** SHA-256 of the SubjectPublicKeyInfo DER, hex. */
  readonly keySha256: string;
  /** Unix seconds, both inclusive (RFC 5280 §4.1.2.5). */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Actor, as in the audit log: `token:…`, `operator:…`, `product:…`, `service`. */
  readonly requestedBy: string;
  /** Unix milliseconds. */
  readonly requestedAt: number;
  /** Serial of the certificate this one replaces. */
  readonly predecessor: string | null;
}

export interface CertificateRecord extends CertificateDetails {
  readonly state: CertificateState;
  /** Unix milliseconds; null while `intent`, and for an intent that was closed unsigned. */
  readonly issuedAt: number | null;
  readonly revocation: Revocation | null;
  readonly successor: string | null;
}

/** What a certificate is listed and sorted by: its first name, or its subject if it has no names. */
export const listedName = ({ names, subject }: Pick<CertificateDetails, 'names' | 'subject'>): string =>
  names[0] ?? subject;

/** What a person is told: derived from state, time and revocation. */
export type CertificateStatus = 'pending' | 'valid' | 'expired' | 'revoked' | 'held';

export function certificateStatus(record: CertificateRecord, nowSeconds: number): CertificateStatus {
  if (record.revocation?.reason === 'certificateHold') return 'held';
  if (record.revocation) return 'revoked';
  if (record.state === 'intent') return 'pending';
  // The second of notAfter belongs to the validity, to its end.
  return record.notAfter < Math.floor(nowSeconds) ? 'expired' : 'valid';
}
