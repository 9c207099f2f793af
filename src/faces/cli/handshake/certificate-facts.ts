/** A certificate of either chain in the words and values that a person looks for. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isFor } from '../../../domain/diagnosis/judge-server-chain.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { isIssuedBy } from '../../../domain/x509/issued-by.ts';
import { parseSerial } from '../../../domain/x509/serial.ts';

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly names: readonly string[];
  /** As `ec-p256` or `rsa-3072`. */
  readonly key: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly ca: boolean;
  readonly forServers: boolean;
  readonly forClients: boolean;
  /** Where its issuer was found: the next certificates shown, the trusted roots, itself, or nowhere. */
  readonly issuedBy: 'chain' | 'trusted' | 'itself' | 'unknown';
}

/** Facts of a whole chain, in its order. */
export const factsOfChain = (
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): CertificateFacts[] =>
  chain.map((certificate) => ({
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    serial: parseSerial(certificate.serialNumber) ?? '0',
    names: namesOf(certificate),
    key: keyOf(certificate),
    notBefore: new Date(certificate.validFrom).toISOString(),
    notAfter: new Date(certificate.validTo).toISOString(),
    ca: certificate.ca,
    forServers: isFor(certificate, 'serverAuth'),
    forClients: isFor(certificate, 'clientAuth'),
    issuedBy: issuedBy(certificate, chain, roots),
  }));

function issuedBy(
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): CertificateFacts['issuedBy'] {
  if (roots.some((root) => isIssuedBy(certificate, root))) return 'trusted';
  const others = chain.filter((other) => other !== certificate);
  if (others.some((other) => isIssuedBy(certificate, other))) return 'chain';
  return certificate.issuer === certificate.subject ? 'itself' : 'unknown';
}

/** Node writes one part a line, in the order of the DER; people read them the other way round (RFC 4514). */
export const nameOf = (text: string | undefined): string =>
  text ? printable(text.split('\n').reverse().join(','), 300) : '(no name)';

/** DNS names and addresses, without what Node writes before each. */
export const namesOf = ({ subjectAltName = '' }: X509Certificate): string[] =>
  subjectAltName
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => printable(name.replace(/^(?:DNS|IP Address|URI|email):/, ''), 200));

function keyOf(certificate: X509Certificate): string {
  try {
    return kindOf(certificate.publicKey);
  } catch {
    return 'a key that OpenSSL cannot read';
  }
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {};
  if (namedCurve) return `ec-${curveNames[namedCurve] ?? namedCurve}`;
  return [asymmetricKeyType, modulusLength].filter(Boolean).join('-');
}

const curveNames: Readonly<Record<string, string>> = { prime256v1: 'p256', secp384r1: 'p384', secp521r1: 'p521' };
