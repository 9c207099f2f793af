/** What is wrong with the certificates that a TLS server shows (RFC 5280 §6, RFC 9525), every flaw at once and each in its own code. */
import type { X509Certificate } from 'node:crypto';
import { parseIpAddress } from '../x509/ip-address.ts';
import { isIssuedBy } from '../x509/issued-by.ts';
import { oids } from '../x509/oids.ts';
import { openCertificate } from '../x509/open-certificate.ts';

export type ServerFlawCode =
  | 'expired'
  | 'notYetValid'
  | 'selfSigned'
  | 'untrustedRoot'
  | 'otherKeyOfIssuer'
  | 'issuerMissing'
  | 'issuerNotCa'
  | 'wrongPurpose'
  | 'wrongName';

export interface ServerFlaw {
  readonly code: ServerFlawCode;
  /** The certificate that it is about. */
  readonly certificate: X509Certificate;
}

export interface ServerChain {
  /** As the server sent it, its own first. */
  readonly chain: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  readonly serverName: string;
  readonly nowMs: number;
}

const deepest = 10;

/** Empty when a client that trusts `roots` believes this server; also for no chain at all. */
export function judgeServerChain({ chain, roots, serverName, nowMs }: ServerChain): ServerFlaw[] {
  const [leaf] = chain;
  if (!leaf) return [];
  const { path, flaw } = pathOf(leaf, chain, roots);
  return [
    ...path.flatMap((certificate) => outOfTime(certificate, nowMs)),
    ...(flaw ? [flaw] : []),
    ...(isFor(leaf, 'serverAuth') ? [] : [{ code: 'wrongPurpose' as const, certificate: leaf }]),
    ...(isNamed(leaf, serverName) ? [] : [{ code: 'wrongName' as const, certificate: leaf }]),
  ];
}

/** From the leaf to a root, or as far as it goes, and what it ends with then. */
function pathOf(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): { path: X509Certificate[]; flaw?: ServerFlaw } {
  const path = [leaf];
  while (path.length < deepest) {
    const last = path.at(-1)!;
    if (roots.some((root) => root.raw.equals(last.raw) || isIssuedBy(last, root))) return { path };
    const issuer = chain.find((candidate) => !path.includes(candidate) && isIssuedBy(last, candidate));
    if (!issuer) return { path, flaw: endOf(path, chain, roots) };
    path.push(issuer);
  }
  return { path, flaw: { code: 'issuerMissing', certificate: path.at(-1)! } };
}

function endOf(
  path: readonly X509Certificate[],
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): ServerFlaw {
  const last = path.at(-1)!;
  const noCa = [...chain, ...roots].find((other) => !other.ca && other !== last && isSignedBy(last, other));
  if (noCa) return { code: 'issuerNotCa', certificate: noCa };
  return { code: codeOfEnd(path, roots), certificate: last };
}

function codeOfEnd(path: readonly X509Certificate[], roots: readonly X509Certificate[]): ServerFlawCode {
  const last = path.at(-1)!;
  if (roots.some(({ subject }) => subject === last.issuer)) return 'otherKeyOfIssuer';
  if (last.issuer !== last.subject) return 'issuerMissing';
  return path.length === 1 ? 'selfSigned' : 'untrustedRoot';
}

/** By whatever that is: RFC 5280 §4.2.1.9 lets CAs alone sign certificates. */
const isSignedBy = (certificate: X509Certificate, other: X509Certificate): boolean =>
  certificate.issuer === other.subject &&
  certificate.issuer !== certificate.subject &&
  certificate.verify(other.publicKey);

function outOfTime(certificate: X509Certificate, nowMs: number): ServerFlaw[] {
  if (nowMs < Date.parse(certificate.validFrom)) return [{ code: 'notYetValid', certificate }];
  return nowMs > Date.parse(certificate.validTo) ? [{ code: 'expired', certificate }] : [];
}

/** RFC 5280 §4.2.1.12: without extKeyUsage a certificate is for everything. */
export const isFor = ({ keyUsage }: X509Certificate, purpose: 'serverAuth' | 'clientAuth'): boolean =>
  !keyUsage || keyUsage.includes(oids[purpose]) || keyUsage.includes(oids.anyExtendedKeyUsage);

/** RFC 9525 §6.3: by subjectAltName alone, never by the subject. */
function isNamed(leaf: X509Certificate, serverName: string): boolean {
  const isAddress = parseIpAddress(serverName) !== undefined;
  return (isAddress ? leaf.checkIP(serverName) : leaf.checkHost(serverName, { subject: 'never' })) !== undefined;
}

/** Of a file of PEM certificates; those that cannot be read are left out. */
export const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((one) => readLeniently(one));

/** What a server sends may be no certificate; of one from elsewhere less than this project's own grammar is asked. */
export function readLeniently(certificate: string | Uint8Array): X509Certificate[] {
  try {
    return [openCertificate(certificate)];
  } catch {
    return [];
  }
}
