/** Judges a server's chain where TLS did not come to it: a TLS 1.2 server that refuses the client ends the handshake before. */
import { X509Certificate } from 'node:crypto';

const deepest = 10;

/** Why `chain`, the leaf first, is not good now under the roots in `trustPem`; undefined when it is. Words as OpenSSL's. */
export function distrustOf(chain: readonly X509Certificate[], trustPem: string, nowMs: number): string | undefined {
  const roots = certificatesIn(trustPem);
  let at = chain[0];
  for (let depth = 0; at && depth < deepest; depth++) {
    if (nowMs < Date.parse(at.validFrom)) return 'CERT_NOT_YET_VALID';
    if (nowMs > Date.parse(at.validTo)) return 'CERT_HAS_EXPIRED';
    const below: X509Certificate = at;
    if (roots.some((root) => root.raw.equals(below.raw) || issued(root, below))) return undefined;
    at = chain.find((candidate) => !candidate.raw.equals(below.raw) && issued(candidate, below));
  }
  return 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
}

const issued = (issuer: X509Certificate, subject: X509Certificate): boolean =>
  issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  );
