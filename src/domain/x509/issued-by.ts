/** The one step of a certification path (RFC 5280 §6.1), for certificates of anybody: OpenSSL reads more than this project writes. */
import type { X509Certificate } from 'node:crypto';

/** Named and signed by it, which is a CA. */
export const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
