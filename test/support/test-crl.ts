/** Lists of the authorities that tests make. */
import { encodePem } from '#src/domain/der/pem.ts';
import { encodeCrlEntry, encodeTbsCertList } from '#src/domain/x509/crl.ts';
import { assembleSigned } from '#src/domain/x509/signed.ts';
import type { TestCertificate } from './test-hierarchy.ts';

/** By the clock of the machine, as TLS judges. Unix seconds. */
const now = Math.floor(Date.now() / 1000);

/** A list of `issuer` with these serials on it, from a minute before `from` to an hour after. */
export function crlDer(issuer: TestCertificate, serials: readonly string[], from = now): Uint8Array {
  const { algorithm, sign } = issuer.key;
  const tbs = encodeTbsCertList({
    signatureAlgorithm: algorithm,
    issuerDer: issuer.subjectDer,
    thisUpdate: from - 60,
    nextUpdate: from + 3600,
    entries: serials.map((serial) => encodeCrlEntry({ serial, at: from - 60, reason: 'keyCompromise' })),
    crlNumber: 1,
    authorityKeyIdentifier: issuer.subjectKeyIdentifier,
  });
  return assembleSigned(tbs, algorithm, sign(tbs));
}

export const crlPem = (issuer: TestCertificate, ...serials: string[]): string =>
  encodePem('X509 CRL', crlDer(issuer, serials));
