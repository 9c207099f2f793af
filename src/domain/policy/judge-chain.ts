/** Judges a chain that was made elsewhere for an authority of ours: every reason why nothing may be issued below it. */
import { hash } from 'node:crypto';
import { DerReader } from '../der/reader.ts';
import { readOid } from '../der/value.ts';
import { CaError, type Reason, type ReasonCode } from '../errors.ts';
import { collectReasons } from '../refusal.ts';
import type { ForeignCertificate } from '../x509/certificate.ts';
import type { KeyUsageName } from '../x509/extensions.ts';
import { formatName } from '../x509/name.ts';
import { decodeNameConstraints } from '../x509/name-constraints.ts';
import { oids } from '../x509/oids.ts';
import { verifySignature } from '../x509/public-key.ts';
import { findSignatureAlgorithm } from '../x509/signature-algorithm.ts';
import { judgeNameConstraints, type NamingProduct } from './judge-name-constraints.ts';
import { judgePolicyConstraints } from './judge-policy-constraints.ts';
import { printable } from './printable.ts';

export interface ChainToJudge {
  /** Ours first, the root last. */
  readonly chain: readonly ForeignCertificate[];
  /** SubjectPublicKeyInfo of our CSR. */
  readonly spkiDer: Uint8Array;
  /** Unix seconds. */
  readonly now: number;
  /** What is to be named below it. */
  readonly products: readonly NamingProduct[];
  /** Dotted OIDs of the purposes for which certificates are to be issued below it. */
  readonly purposes: readonly string[];
}

/** More is no corporate chain, and each costs a signature. */
export const longestChain = 8;

export const certificateField = (index: number): string => `chain[${index}]`;

/** Of a certificate, for people: its subject, made safe to print. */
export const subjectOf = ({ subject }: Pick<ForeignCertificate, 'subject'>): string =>
  printable(formatName(subject), 200);

/** Empty when it will do. Every rule is judged, whatever the others say. */
export async function judgeChain(input: ChainToJudge): Promise<readonly Reason[]> {
  const { chain, spkiDer } = input;
  const reasons: Reason[] = [];
  const complain = (index: number, code: ReasonCode, message: string, value?: string): void => {
    reasons.push({ code, message, field: certificateField(index), value: value ?? subjectOf(chain[index]!) });
  };
  if (Buffer.compare(chain[0]!.spkiDer, spkiDer) !== 0) {
    complain(0, 'certificateForAnotherKey', 'The first certificate is not for the key of the CSR.');
  }
  if (!chain[0]!.subjectKeyIdentifier) {
    complain(
      0,
      'subjectKeyIdentifierMissing',
      'Without a subjectKeyIdentifier no certificate below can name its issuer.',
    );
  }
  for (const index of chain.keys()) {
    judgeOne(input, index, (code, message, value) => complain(index, code, message, value));
    reasons.push(...judgeKey(chain[index]!, index), ...judgeConstraints(input, index));
    const below = authoritiesBelow(chain, index);
    reasons.push(...judgePolicyConstraints(chain[index]!.extensions, below, certificateField(index)));
    await judgeLink(input, index, (code, message) => complain(index, code, message));
  }
  return reasons;
}

type Complain = (code: ReasonCode, message: string, value?: string) => void;

/** What RFC 5280 §6.1.4 asks of each authority on a path. */
function judgeOne({ chain, now, purposes }: ChainToJudge, index: number, complain: Complain): void {
  const certificate = chain[index]!;
  const { basicConstraints, keyUsage, extKeyUsage } = certificate;
  if (!basicConstraints?.ca)
    complain('notCertificateAuthority', 'It is not a certificate of an authority (cA is not set).');
  // RFC 5280 §6.1.4 (n), §6.3.3 (f): without the extension a key may be used for anything, as those of many roots; ours has it.
  const usages = keyUsage ?? (index > 0 ? authorityUsages : []);
  const missing = authorityUsages.filter((usage) => !usages.includes(usage));
  if (missing.length > 0) complain('keyUsageMissing', `Its keyUsage lacks ${missing.join(' and ')}.`);
  const below = authoritiesBelow(chain, index);
  const pathLen = basicConstraints?.pathLen;
  if (pathLen !== undefined && below > pathLen) {
    complain('pathLengthExceeded', `It admits ${pathLen} authorities below it, and there are ${below}.`);
  }
  judgeTimes(certificate, now, complain);
  judgeAlgorithm(certificate, complain);
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !knownExtensions.has(oid)) {
      complain('unknownCriticalExtension', `It has a critical extension, ${oid}, that is not known here.`, oid);
    }
  }
  const narrow = extKeyUsage && !extKeyUsage.includes(oids.anyExtendedKeyUsage);
  const lacking = narrow ? purposes.filter((purpose) => !extKeyUsage.includes(purpose)) : [];
  if (lacking.length > 0) {
    complain(
      'extendedKeyUsageTooNarrow',
      'Its extKeyUsage does not admit what is issued below it.',
      lacking.join(', '),
    );
  }
}

/** As pathLen and SkipCerts count them (RFC 5280 §4.2.1.9, §6.1.4 (h)). */
const authoritiesBelow = (chain: readonly ForeignCertificate[], index: number): number =>
  chain.slice(0, index).filter((each) => !isSelfIssued(each)).length;

const authorityUsages: readonly KeyUsageName[] = ['keyCertSign', 'cRLSign'];

function judgeTimes({ notBefore, notAfter }: ForeignCertificate, now: number, complain: Complain): void {
  const text = (seconds: number): string => new Date(seconds * 1000).toISOString();
  if (notBefore > now) complain('chainNotYetValid', 'It is not valid yet.', text(notBefore));
  if (notAfter < now) complain('chainExpired', 'It has expired.', text(notAfter));
}

const weakAlgorithms: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.5', 'SHA-1'],
  ['1.3.14.3.2.29', 'SHA-1'],
  ['1.2.840.10045.4.1', 'SHA-1'],
  ['1.2.840.10040.4.3', 'SHA-1'],
  ['1.2.840.113549.1.1.4', 'MD5'],
  ['1.2.840.113549.1.1.2', 'MD2'],
]);

/** Why a signature cannot be relied on; undefined for the algorithms in use here. */
export function algorithmFault(
  algorithmDer: Uint8Array,
): { readonly message: string; readonly value: string } | undefined {
  if (findSignatureAlgorithm(algorithmDer)) return undefined;
  const value = readOid(new DerReader(algorithmDer).enterSequence());
  const weak = weakAlgorithms.get(value);
  return {
    message: weak ? `It is signed with ${weak}.` : 'It is signed with an algorithm that is not in use here.',
    value,
  };
}

function judgeAlgorithm({ algorithmDer }: ForeignCertificate, complain: Complain): void {
  const fault = algorithmFault(algorithmDer);
  if (fault) complain('weakSignatureAlgorithm', fault.message, fault.value);
}

/** Those whose rules are kept here, or that make none for certificates below. */
const knownExtensions: ReadonlySet<string> = new Set([
  oids.basicConstraints,
  oids.keyUsage,
  oids.extKeyUsage,
  oids.nameConstraints,
  oids.subjectAltName,
  oids.subjectKeyIdentifier,
  oids.authorityKeyIdentifier,
  oids.certificatePolicies,
  oids.policyMappings,
  oids.policyConstraints,
  oids.inhibitAnyPolicy,
  oids.cRLDistributionPoints,
  oids.authorityInfoAccess,
]);

/** The key's own faults, which reading it finds. */
function judgeKey(certificate: ForeignCertificate, index: number): readonly Reason[] {
  const reasons: Reason[] = [];
  collectReasons(reasons, () => certificate.publicKey());
  return reasons.map((reason) => ({ ...reason, field: certificateField(index), value: subjectOf(certificate) }));
}

function judgeConstraints({ chain, products }: ChainToJudge, index: number): readonly Reason[] {
  const value = chain[index]!.extensions.get(oids.nameConstraints)?.value;
  if (!value) return [];
  const field = certificateField(index);
  try {
    return judgeNameConstraints(decodeNameConstraints(value), products, field);
  } catch {
    return [{ code: 'badCertificate', message: 'Its name constraints cannot be read.', field }];
  }
}

/** The certificate and its issuer: names, identifiers, times and the signature. A root is its own. */
async function judgeLink({ chain }: ChainToJudge, index: number, complain: Complain): Promise<void> {
  const certificate = chain[index]!;
  const next = chain[index + 1];
  // A chain that ends before its root is judged where roots are known.
  if (!next && !isSelfIssued(certificate)) return;
  const issuer = next ?? certificate;
  if (Buffer.compare(certificate.issuer.der, issuer.subject.der) !== 0) {
    complain(
      'chainOrder',
      'The next certificate is not that of its issuer. The order is ours first, each issuer after.',
    );
    return;
  }
  const { authorityKeyIdentifier: named } = certificate;
  if (named && issuer.subjectKeyIdentifier && Buffer.compare(named, issuer.subjectKeyIdentifier) !== 0) {
    complain('keyIdentifierMismatch', 'Its authorityKeyIdentifier is not that of the next certificate.');
  }
  if (certificate.notAfter > issuer.notAfter) complain('outlivesIssuer', 'It outlives its issuer.');
  if (certificate.notBefore < issuer.notBefore) complain('startsBeforeIssuer', 'It begins before its issuer.');
  if (!(await isSignedBy(certificate, issuer))) complain('chainSignature', 'Its issuer did not sign it.');
}

/** True, too, where algorithm or key are at fault themselves: that has a reason of its own. */
async function isSignedBy(certificate: ForeignCertificate, issuer: ForeignCertificate): Promise<boolean> {
  const algorithm = findSignatureAlgorithm(certificate.algorithmDer);
  if (!algorithm) return true;
  try {
    const { tbs, signature } = certificate;
    return await verifySignature({ tbs, signature, algorithm, publicKey: issuer.publicKey() });
  } catch (error) {
    if (error instanceof CaError) return true;
    throw error;
  }
}

export const isSelfIssued = ({ issuer, subject }: Pick<ForeignCertificate, 'issuer' | 'subject'>): boolean =>
  Buffer.compare(issuer.der, subject.der) === 0;

/** Hex SHA-256 of the DER, by which people recognise a certificate. */
export const fingerprint = (der: Uint8Array): string => hash('sha256', der, 'hex');
