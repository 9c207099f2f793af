/** What must hold of the bytes of every certificate that is signed here: one small rule each, under a stable id. */
import { DerReader } from '../der/reader.ts';
import type { ParsedTbsCertificate } from '../x509/certificate.ts';
import type { GeneralName } from '../x509/general-name.ts';
import { oidDer } from '../x509/oid-der.ts';
import { oids } from '../x509/oids.ts';
import { decodeAuthorityInfoAccess, decodeCrlDistributionPoints } from '../x509/read-addresses.ts';
import type { SignatureAlgorithm } from '../x509/signature-algorithm.ts';
import type { IssuerFacts } from './issuer-facts.ts';
import type { ExtendedKeyUsage, KeyUsage } from './profile.ts';
import { purposeOids } from './purpose-oids.ts';
import { longestCommonName } from './subject-cn.ts';

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
    readonly urls?: IssuerFacts['urls'];
  };
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subjectDer: Uint8Array;
  readonly spkiDer: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
  readonly names: readonly GeneralName[];
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly ExtendedKeyUsage[];
  /** Present for an authority. */
  readonly ca?: { readonly pathLen: number };
}

/** True when the rule is kept; one that throws is broken, too. */
export type LintRule = (tbs: ParsedTbsCertificate, expected: LintExpectation) => boolean;

const equal = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;
const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item) => b.includes(item));
const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

/** Every extension this CA emits, and whether it is critical; what is not here is never signed. */
const criticality: ReadonlyMap<string, 'critical' | 'notCritical' | 'either'> = new Map([
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

const commonNamesOf = ({ subject }: ParsedTbsCertificate): readonly string[] =>
  subject.attributes.filter(({ oid }) => oid === oids.commonName).map(({ value }) => value);

/** The algorithm OID of a SubjectPublicKeyInfo, as a TLV; importing the key would cost more than all rules together. */
function keyAlgorithmOf(spkiDer: Uint8Array): Uint8Array {
  const algorithm = new DerReader(spkiDer).enterSequence().enterSequence();
  return algorithm.whole(algorithm.next());
}

/**
 * Version, canonical DER, times in the form for their year, a positive serial, known signature algorithms (none with SHA-1)
 * and extensions that occur once are the parser's to refuse: `parses` in lint.ts.
 */
export const lintRules = {
  // RFC 5280 §4.1.2.2: at most 20 octets. Here exactly so many, of which 16 are from the CSPRNG.
  serialAsDecided: (tbs, { serial }) => tbs.serial === serial && serial.length === 40,
  signatureAlgorithmOfIssuer: (tbs, { issuer }) =>
    equal(tbs.signatureAlgorithm.identifierDer, issuer.signatureAlgorithm.identifierDer),
  // RFC 5280 §4.1.2.4: byte for byte, or path building fails somewhere.
  issuerIsSubjectOfIssuer: (tbs, { issuer }) => equal(tbs.issuer.der, issuer.subjectDer),
  validityAsDecided: (tbs, { notBefore, notAfter }) => tbs.notBefore === notBefore && tbs.notAfter === notAfter,
  validityInOrder: (tbs) => tbs.notBefore < tbs.notAfter,
  validityInsideIssuer: (tbs, { issuer }) => tbs.notBefore >= issuer.notBefore && tbs.notAfter <= issuer.notAfter,

  subjectAsDecided: (tbs, { subjectDer }) => equal(tbs.subject.der, subjectDer),
  // RFC 5280 §4.1.2.6: it is the issuer field of what it signs.
  authorityHasSubject: (tbs, { ca }) => ca === undefined || tbs.subject.attributes.length > 0,
  oneCommonNameAtMost: (tbs) => commonNamesOf(tbs).length <= 1,
  commonNameFits: (tbs) => commonNamesOf(tbs).every(({ length }) => length > 0 && length <= longestCommonName),
  // Authorities, operators and responders have no names besides the CN.
  commonNameAmongNames: (tbs) =>
    tbs.names.length === 0 || commonNamesOf(tbs).every((cn) => tbs.names.some(({ value }) => value === cn)),

  keyAsDecided: (tbs, { spkiDer }) => equal(tbs.spkiDer, spkiDer),
  subjectKeyIdentifierAsDecided: (tbs, { subjectKeyIdentifier }) =>
    equal(tbs.subjectKeyIdentifier, subjectKeyIdentifier),
  // RFC 5280 §4.2.1.1: how a path is found when an authority has had several keys.
  authorityKeyIdentifierOfIssuer: (tbs, { issuer }) => equal(tbs.authorityKeyIdentifier, issuer.subjectKeyIdentifier),

  namesAsDecided: (tbs, { names }) =>
    tbs.names.length === names.length &&
    tbs.names.every(({ type, value }, index) => type === names[index]!.type && value === names[index]!.value),
  eachNameOnce: (tbs) => new Set(tbs.names.map(({ value }) => value)).size === tbs.names.length,
  // RFC 5280 §4.2.1.6, and RFC 9525 §2: clients do not look at the CN of a server.
  someName: (tbs) => tbs.names.length > 0 || tbs.subject.attributes.length > 0,
  serverHasNames: (tbs) => tbs.names.length > 0 || !tbs.extKeyUsage?.includes(oids.serverAuth),
  namesCriticalWithoutSubject: (tbs) => {
    const subjectAltName = tbs.extensions.get(oids.subjectAltName);
    return subjectAltName === undefined || subjectAltName.critical === (tbs.subject.attributes.length === 0);
  },

  // RFC 5280 §4.2.1.9: present everywhere, so that nobody takes a leaf for an authority.
  basicConstraintsAsDecided: ({ basicConstraints }, { ca }) =>
    basicConstraints?.ca === (ca !== undefined) && basicConstraints.pathLen === ca?.pathLen,
  keyUsageAsDecided: (tbs, { keyUsage }) => sameSet(tbs.keyUsage ?? [], keyUsage),
  keyCertSignExactlyForAuthorities: (tbs, { ca }) =>
    (tbs.keyUsage?.includes('keyCertSign') ?? false) === (ca !== undefined),
  // RFC 8813 §3 and RFC 8410 §5: EC and Ed25519 keys encrypt nothing; only EC keys agree on one.
  keyUsageFitsKey: ({ keyUsage = [], spkiDer }) => {
    const algorithm = keyAlgorithmOf(spkiDer);
    return (
      (!keyUsage.includes('keyEncipherment') || equal(algorithm, oidDer.rsaEncryption)) &&
      (!keyUsage.includes('keyAgreement') || equal(algorithm, oidDer.idEcPublicKey))
    );
  },
  extKeyUsageAsDecided: (tbs, { extendedKeyUsage }) =>
    sameList(
      tbs.extKeyUsage ?? [],
      extendedKeyUsage.map((usage) => purposeOids[usage]),
    ),
  // OpenSSL takes a certificate without EKU for any purpose.
  extKeyUsageOnLeaves: (tbs, { ca }) => ca !== undefined || (tbs.extKeyUsage?.length ?? 0) > 0,
  // RFC 6960 §4.2.2.2.1: nocheck on anything but a responder would take it out of revocation.
  nocheckExactlyForResponders: (tbs) =>
    tbs.extensions.has(oids.idPkixOcspNocheck) === (tbs.extKeyUsage?.includes(oids.ocspSigning) ?? false),

  // Java and nginx refuse a chain in which anything but the root does not say where its revocation is told.
  crlAddressUnlessRoot: (tbs, { issuer: { urls } }) => {
    const points = tbs.extensions.get(oids.cRLDistributionPoints);
    return points === undefined || urls === undefined
      ? (points === undefined) === (urls === undefined)
      : sameList(decodeCrlDistributionPoints(points.value), [urls.crl]);
  },
  informationAddressesUnlessRoot: (tbs, { issuer: { urls } }) => {
    const access = tbs.extensions.get(oids.authorityInfoAccess);
    if (access === undefined || urls === undefined) return (access === undefined) === (urls === undefined);
    const [ocsp, aia, ...more] = decodeAuthorityInfoAccess(access.value);
    return (
      ocsp?.method === oids.idAdOcsp &&
      ocsp.url === urls.ocsp &&
      aia?.method === oids.idAdCaIssuers &&
      aia.url === urls.aia &&
      more.length === 0
    );
  },
  onlyKnownExtensions: ({ extensions }) => [...extensions.keys()].every((oid) => criticality.has(oid)),
  // RFC 5280 §4.2.1: what §4.2.1.x asks of each.
  criticalityAsKnown: ({ extensions }) => {
    for (const [oid, { critical }] of extensions) {
      if (criticality.get(oid) === (critical ? 'notCritical' : 'critical')) return false;
    }
    return true;
  },
} as const satisfies Readonly<Record<string, LintRule>>;
