/** The last look before signing: the exact bytes, parsed anew and held against what was decided (RFC 5280 §4). */
import { CaError } from '../errors.ts';
import { type ParsedTbsCertificate, parseTbsCertificate } from '../x509/certificate.ts';
import type { GeneralName } from '../x509/general-name.ts';
import { oids } from '../x509/oids.ts';
import { keyIdentifier } from '../x509/public-key.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import type { ExtendedKeyUsage, KeyUsage } from './profile.ts';

/** What was decided; the bytes must say exactly this. Times in Unix seconds. */
export interface LintExpectation {
  readonly serial: string;
  readonly issuer: {
    readonly subjectDer: Uint8Array;
    readonly subjectKeyIdentifier: Uint8Array;
    readonly signatureAlgorithm: SignatureAlgorithm;
    readonly notBefore: number;
    readonly notAfter: number;
    /** Absent for a root, which has no address to ask about itself. */
    readonly urls?: { readonly crl: string; readonly ocsp: string; readonly aia: string };
  };
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  readonly names: readonly GeneralName[];
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  /** Present for an authority. */
  readonly ca?: { readonly pathLen: number };
}

type Rule = (tbs: ParsedTbsCertificate, expected: LintExpectation) => boolean;

const equal = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;
const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
const isCritical = (tbs: ParsedTbsCertificate, oid: string): boolean => tbs.extensions.get(oid)?.critical === true;
const purposeOids = {
  serverAuth: oids.serverAuth,
  clientAuth: oids.clientAuth,
  OCSPSigning: oids.ocspSigning,
} as const;

/** Every extension this CA emits, and whether it must not be critical; what is not here is never signed. */
const knownExtensions: ReadonlyMap<string, 'critical' | 'either' | 'notCritical'> = new Map([
  [oids.basicConstraints, 'critical'],
  [oids.keyUsage, 'critical'],
  [oids.extKeyUsage, 'notCritical'],
  [oids.subjectKeyIdentifier, 'notCritical'],
  [oids.authorityKeyIdentifier, 'notCritical'],
  [oids.subjectAltName, 'either'],
  [oids.cRLDistributionPoints, 'notCritical'],
  [oids.authorityInfoAccess, 'notCritical'],
  [oids.idPkixOcspNocheck, 'notCritical'],
]);

/** One small rule each, true when it is kept. The parser itself refuses wrong versions, times, repeats and non-canonical DER. */
export const lintRules = {
  // RFC 5280 §4.1.2.2, and 128 bits that nobody can guess.
  serialAsDecided: (tbs, { serial }) => tbs.serial === serial && serial.length === 40,
  signatureAlgorithmOfIssuer: (tbs, { issuer }) =>
    equal(tbs.signatureAlgorithm.identifierDer, issuer.signatureAlgorithm.identifierDer),
  // RFC 5280 §4.1.2.4: byte for byte, or path building fails somewhere.
  issuerIsSubjectOfIssuer: (tbs, { issuer }) => equal(tbs.issuer.der, issuer.subjectDer),
  validityAsDecided: (tbs, expected) =>
    tbs.notBefore === expected.notBefore && tbs.notAfter === expected.notAfter && tbs.notBefore < tbs.notAfter,
  validityInsideIssuer: (tbs, { issuer }) => tbs.notBefore >= issuer.notBefore && tbs.notAfter <= issuer.notAfter,
  subjectAsDecided: (tbs, { subjectDer }) => equal(tbs.subject.der, subjectDer),
  oneCommonNameAtMost: (tbs) => tbs.subject.attributes.filter(({ oid }) => oid === oids.commonName).length <= 1,
  commonNameAmongNames: (tbs, { names }) => {
    const commonName = tbs.subject.attributes.find(({ oid }) => oid === oids.commonName)?.value;
    return commonName === undefined || names.length === 0 || names.some(({ value }) => value === commonName);
  },
  keyAsDecided: (tbs, { spkiDer }) => equal(tbs.spkiDer, spkiDer),
  namesAsDecided: (tbs, { names }) =>
    sameList(
      tbs.names.map(({ type, value }) => `${type} ${value}`),
      names.map(({ type, value }) => `${type} ${value}`),
    ),
  // RFC 5280 §4.2.1.6.
  someName: (tbs) =>
    tbs.subject.attributes.length > 0 || (tbs.names.length > 0 && isCritical(tbs, oids.subjectAltName)),
  // RFC 5280 §4.2.1.9.
  basicConstraintsAsDecided: (tbs, { ca }) =>
    tbs.basicConstraints !== undefined &&
    tbs.basicConstraints.ca === (ca !== undefined) &&
    tbs.basicConstraints.pathLen === ca?.pathLen,
  keyUsageAsDecided: (tbs, { keyUsage }) => sameList([...(tbs.keyUsage ?? [])].sort(), [...keyUsage].sort()),
  keyCertSignOnlyForAuthorities: (tbs, { ca }) =>
    (tbs.keyUsage?.includes('keyCertSign') ?? false) === (ca !== undefined),
  extKeyUsageAsDecided: (tbs, { extendedKeyUsage }) =>
    sameList(
      tbs.extKeyUsage ?? [],
      extendedKeyUsage.map((usage) => purposeOids[usage]),
    ),
  // OpenSSL takes a certificate without EKU for any purpose.
  extKeyUsageOnLeaves: (tbs, { ca }) => ca !== undefined || (tbs.extKeyUsage?.length ?? 0) > 0,
  // RFC 5280 §4.2.1.2 and §4.2.1.1.
  subjectKeyIdentifierOfKey: (tbs, { spkiDer }) => equal(tbs.subjectKeyIdentifier, keyIdentifier(spkiDer)),
  authorityKeyIdentifierOfIssuer: (tbs, { issuer }) => equal(tbs.authorityKeyIdentifier, issuer.subjectKeyIdentifier),
  addressesUnlessRoot: (tbs, { issuer }) =>
    [oids.cRLDistributionPoints, oids.authorityInfoAccess].every(
      (oid) => tbs.extensions.has(oid) === (issuer.urls !== undefined),
    ),
  onlyKnownExtensions: (tbs) =>
    [...tbs.extensions].every(([oid, { critical }]) => {
      const known = knownExtensions.get(oid);
      return known !== undefined && (known === 'either' || (known === 'critical') === critical);
    }),
} as const satisfies Readonly<Record<string, Rule>>;

export type LintRuleId = keyof typeof lintRules | 'parses';

/** The rules these bytes break; none may be signed unless this is empty. */
export function lintTbsCertificate(tbs: Uint8Array, expected: LintExpectation): readonly LintRuleId[] {
  let parsed: ParsedTbsCertificate;
  try {
    parsed = parseTbsCertificate(tbs);
  } catch {
    return ['parses'];
  }
  return (Object.keys(lintRules) as (keyof typeof lintRules)[]).filter((id) => !lintRules[id](parsed, expected));
}

/** A finding is a defect of this program, not of the request: nothing is signed, and the log says which rule. */
export function lintOrThrow(tbs: Uint8Array, expected: LintExpectation): void {
  const broken = lintTbsCertificate(tbs, expected);
  if (broken.length === 0) return;
  const cause = new Error(`pre-signing lint: ${broken.join(', ')}`);
  throw new CaError(
    'serverInternal',
    'The certificate did not pass the last check before signing; nothing was signed.',
    { cause },
  );
}
