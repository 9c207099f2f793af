import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import * as der from '../../../src/domain/der/writer.ts';
import { lintOrThrow, lintTbsCertificate } from '../../../src/domain/policy/lint.ts';
import { type LintExpectation, lintRules } from '../../../src/domain/policy/lint-rules.ts';
import * as extensions from '../../../src/domain/x509/extensions.ts';
import type { GeneralName } from '../../../src/domain/x509/general-name.ts';
import { encodeName } from '../../../src/domain/x509/name.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { keyIdentifier } from '../../../src/domain/x509/public-key.ts';
import { signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { encodeTbsCertificate, type TbsCertificateFields } from '../../../src/domain/x509/tbs-certificate.ts';
import { commonName, extension } from '../../support/csr-builder.ts';
import { makeIssuer, someSerial } from '../../support/policy-builders.ts';
import { refusalOf } from '../../support/refusal.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { testNow } from '../../support/test-hierarchy.ts';

const { spkiDer } = makeSigningKey();
const issuer = makeIssuer();
const urls = issuer.urls;
const dns = (...values: readonly string[]): GeneralName[] => values.map((value) => ({ type: 'dns', value }));

type Parts = Record<string, Uint8Array | undefined>;

/** The extensions of a server's certificate by name, so that a test can replace, add or leave out one. */
const leafParts = {
  basicConstraints: extensions.basicConstraints({ ca: false }),
  keyUsage: extensions.keyUsage(['digitalSignature']),
  extKeyUsage: extensions.extKeyUsage(['serverAuth']),
  subjectKeyIdentifier: extensions.subjectKeyIdentifier(keyIdentifier(spkiDer)),
  authorityKeyIdentifier: extensions.authorityKeyIdentifier(issuer.subjectKeyIdentifier),
  subjectAltName: extensions.subjectAltName(dns('demo.dev.internal'), false),
  crl: extensions.crlDistributionPoints([urls.crl]),
  information: extensions.authorityInfoAccess({ ocsp: urls.ocsp, caIssuers: urls.aia }),
} satisfies Parts;

const caParts: Parts = {
  ...leafParts,
  basicConstraints: extensions.basicConstraints({ ca: true, pathLen: 0 }),
  keyUsage: extensions.keyUsage(['keyCertSign', 'cRLSign']),
  extKeyUsage: undefined,
  subjectAltName: undefined,
};

const leafExpectation: LintExpectation = {
  serial: someSerial,
  issuer,
  notBefore: testNow,
  notAfter: testNow + 86_400,
  subjectDer: commonName('demo.dev.internal'),
  spkiDer,
  subjectKeyIdentifier: keyIdentifier(spkiDer),
  names: dns('demo.dev.internal'),
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: ['serverAuth'],
};

const caExpectation: LintExpectation = {
  ...leafExpectation,
  names: [],
  keyUsage: ['keyCertSign', 'cRLSign'],
  extendedKeyUsage: [],
  ca: { pathLen: 0 },
};

interface Change {
  readonly fields?: Partial<TbsCertificateFields>;
  readonly parts?: Parts;
  readonly expected?: Partial<LintExpectation>;
  /** Instead of the server's. */
  readonly authority?: true;
}

function made({ fields, parts, expected, authority }: Change): [tbs: Uint8Array, expected: LintExpectation] {
  const expectation = { ...(authority ? caExpectation : leafExpectation), ...expected };
  const all: Parts = { ...(authority ? caParts : leafParts), ...parts };
  const tbs = encodeTbsCertificate({
    ...expectation,
    signatureAlgorithm: issuer.signatureAlgorithm,
    issuerDer: issuer.subjectDer,
    extensions: Object.values(all).filter((part) => part !== undefined),
    ...fields,
  });
  return [tbs, expectation];
}

const broken = (change: Change) => lintTbsCertificate(...made(change));
const changed = (name: string, ...attributes: Parameters<typeof encodeName>[0]): Partial<LintExpectation> => ({
  subjectDer: encodeName([...attributes, { type: 'commonName', value: name }]),
});
const namesPart = (names: readonly GeneralName[], critical = false) => extensions.subjectAltName(names, critical);
const noSubject = { subjectDer: encodeName([]) };
const organization = { type: 'organizationName', value: 'Example' } as const;
const long = `${'a'.repeat(63)}.dev`;
const fitting = `${'a'.repeat(60)}.dev`;
const rsaKey = makeSigningKey('rsa-2048').spkiDer;

/** For each rule, what breaks it and no other. */
const breaks: Readonly<Record<keyof typeof lintRules, readonly Change[]>> = {
  serialAsDecided: [{ fields: { serial: someSerial.replace('5', '6') } }, { expected: { serial: '05' } }],
  signatureAlgorithmOfIssuer: [{ fields: { signatureAlgorithm: signatureAlgorithms['ecdsa-with-SHA384'] } }],
  issuerIsSubjectOfIssuer: [
    { fields: { issuerDer: commonName('dev issuing ') } },
    // The same text in another string type: other bytes.
    {
      fields: {
        issuerDer: der.sequence(der.setOf(der.sequence(der.oid(oids.commonName), der.printableString('dev issuing')))),
      },
    },
  ],
  validityAsDecided: [{ fields: { notAfter: testNow + 86_401 } }, { fields: { notBefore: testNow - 1 } }],
  validityInOrder: [{ expected: { notAfter: testNow } }],
  validityInsideIssuer: [
    { expected: { issuer: { ...issuer, notAfter: testNow + 86_399 } } },
    { expected: { issuer: { ...issuer, notBefore: testNow + 1 } } },
  ],
  subjectAsDecided: [{ fields: { subjectDer: encodeName([organization]) } }],
  authorityHasSubject: [
    {
      authority: true,
      expected: { ...noSubject, names: dns('ca.test') },
      parts: { san: namesPart(dns('ca.test'), true) },
    },
  ],
  oneCommonNameAtMost: [
    {
      expected: { ...changed('a.dev', { type: 'commonName', value: 'b.dev' }), names: dns('a.dev', 'b.dev') },
      parts: { subjectAltName: namesPart(dns('a.dev', 'b.dev')) },
    },
  ],
  commonNameFits: [
    { expected: { ...changed(long), names: dns(long) }, parts: { subjectAltName: namesPart(dns(long)) } },
    { authority: true, expected: changed('a'.repeat(65)) },
    { authority: true, expected: changed('') },
  ],
  commonNameAmongNames: [{ expected: changed('other.dev.internal') }],
  keyAsDecided: [{ fields: { spkiDer: makeSigningKey().spkiDer } }],
  subjectKeyIdentifierAsDecided: [
    { parts: { subjectKeyIdentifier: extensions.subjectKeyIdentifier(new Uint8Array(20)) } },
    { parts: { subjectKeyIdentifier: undefined } },
  ],
  authorityKeyIdentifierOfIssuer: [
    { parts: { authorityKeyIdentifier: extensions.authorityKeyIdentifier(new Uint8Array(20)) } },
    { parts: { authorityKeyIdentifier: undefined } },
  ],
  namesAsDecided: [
    { parts: { subjectAltName: namesPart(dns('demo.dev.internal', 'evil.test')) } },
    {
      expected: { names: dns('demo.dev.internal', 'a.dev') },
      parts: { subjectAltName: namesPart(dns('a.dev', 'demo.dev.internal')) },
    },
    { expected: { names: [{ type: 'uri', value: 'demo.dev.internal' }] } },
    { expected: { names: dns('demo.dev.internal', 'a.dev') } },
  ],
  eachNameOnce: [
    {
      expected: { names: dns('demo.dev.internal', 'demo.dev.internal') },
      parts: { subjectAltName: namesPart(dns('demo.dev.internal', 'demo.dev.internal')) },
    },
  ],
  someName: [
    {
      expected: { ...noSubject, names: [], extendedKeyUsage: ['clientAuth'] },
      parts: { subjectAltName: undefined, extKeyUsage: extensions.extKeyUsage(['clientAuth']) },
    },
  ],
  serverHasNames: [{ expected: { names: [] }, parts: { subjectAltName: undefined } }],
  namesCriticalWithoutSubject: [
    { expected: noSubject },
    { parts: { subjectAltName: namesPart(dns('demo.dev.internal'), true) } },
  ],
  basicConstraintsAsDecided: [
    { parts: { basicConstraints: undefined } },
    { parts: { basicConstraints: extensions.basicConstraints({ ca: true }) } },
    { authority: true, parts: { basicConstraints: extensions.basicConstraints({ ca: true, pathLen: 1 }) } },
    { authority: true, parts: { basicConstraints: extensions.basicConstraints({ ca: true }) } },
    { authority: true, parts: { basicConstraints: extensions.basicConstraints({ ca: false }) } },
  ],
  keyUsageAsDecided: [
    { parts: { keyUsage: extensions.keyUsage(['digitalSignature', 'nonRepudiation']) } },
    { parts: { keyUsage: extensions.keyUsage(['nonRepudiation']) } },
    { parts: { keyUsage: undefined } },
    { authority: true, parts: { keyUsage: extensions.keyUsage(['keyCertSign']) } },
    { authority: true, parts: { keyUsage: extensions.keyUsage(['keyCertSign', 'digitalSignature']) } },
  ],
  keyCertSignExactlyForAuthorities: [
    { expected: { keyUsage: ['keyCertSign'] }, parts: { keyUsage: extensions.keyUsage(['keyCertSign']) } },
    { authority: true, expected: { keyUsage: ['cRLSign'] }, parts: { keyUsage: extensions.keyUsage(['cRLSign']) } },
  ],
  keyUsageFitsKey: [
    {
      expected: { keyUsage: ['digitalSignature', 'keyEncipherment'] },
      parts: { keyUsage: extensions.keyUsage(['digitalSignature', 'keyEncipherment']) },
    },
    withKey(makeSigningKey('ed25519').spkiDer, 'keyAgreement'),
    withKey(rsaKey, 'keyAgreement'),
  ],
  extKeyUsageAsDecided: [
    { parts: { extKeyUsage: extensions.extKeyUsage(['serverAuth', 'clientAuth']) } },
    { expected: { extendedKeyUsage: ['serverAuth', 'clientAuth'] } },
    { authority: true, parts: { extKeyUsage: extensions.extKeyUsage(['clientAuth']) } },
  ],
  extKeyUsageOnLeaves: [{ expected: { extendedKeyUsage: [] }, parts: { extKeyUsage: undefined } }],
  nocheckExactlyForResponders: [
    { parts: { nocheck: extensions.ocspNocheck() } },
    {
      expected: { extendedKeyUsage: ['OCSPSigning'] },
      parts: { extKeyUsage: extensions.extKeyUsage(['OCSPSigning']) },
    },
  ],
  crlAddressUnlessRoot: [
    { parts: { crl: undefined } },
    { parts: { crl: extensions.crlDistributionPoints(['http://evil.test/a.crl']) } },
    { parts: { crl: extensions.crlDistributionPoints([urls.crl, 'http://evil.test/a.crl']) } },
    { parts: { crl: extension(oids.cRLDistributionPoints, der.sequence()) } },
    { parts: { information: undefined }, expected: { issuer: withoutUrls() } },
  ],
  informationAddressesUnlessRoot: [
    { parts: { information: undefined } },
    { parts: { information: extensions.authorityInfoAccess({ ocsp: urls.ocsp }) } },
    { parts: { information: extensions.authorityInfoAccess({ ocsp: urls.aia, caIssuers: urls.ocsp }) } },
    { parts: { information: extension(oids.authorityInfoAccess, der.sequence()) } },
    { parts: { information: oneMore(leafParts.information) } },
    { parts: { crl: undefined }, expected: { issuer: withoutUrls() } },
  ],
  onlyKnownExtensions: [{ parts: { policies: extension(oids.certificatePolicies, der.sequence()) } }],
  criticalityAsKnown: [
    { parts: { basicConstraints: extension(oids.basicConstraints, der.sequence()) } },
    { parts: { information: criticalCopy(leafParts.information) } },
  ],
};

function withKey(otherSpkiDer: Uint8Array, usage?: 'keyAgreement' | 'keyEncipherment'): Change {
  const identifier = keyIdentifier(otherSpkiDer);
  const keyUsage = usage ? (['digitalSignature', usage] as const) : (['digitalSignature'] as const);
  return {
    expected: { spkiDer: otherSpkiDer, subjectKeyIdentifier: identifier, keyUsage },
    parts: {
      keyUsage: extensions.keyUsage(keyUsage),
      subjectKeyIdentifier: extensions.subjectKeyIdentifier(identifier),
    },
  };
}

function withoutUrls(): LintExpectation['issuer'] {
  const { urls: _, ...root } = issuer;
  return root;
}

/** The same Extension with its last AccessDescription twice. */
function oneMore(whole: Uint8Array): Uint8Array {
  const fields = new DerReader(whole).enterSequence();
  const id = fields.whole(fields.next());
  const list = new DerReader(fields.content(fields.next())).enterSequence();
  const each: Uint8Array[] = [];
  while (!list.atEnd) each.push(list.whole(list.next()));
  return der.sequence(id, der.octetString(der.sequence(...each, each.at(-1)!)));
}

/** The same Extension, marked critical: its extnID, TRUE, its extnValue. */
function criticalCopy(whole: Uint8Array): Uint8Array {
  const content = whole.subarray(2 + (whole[1]! > 0x80 ? whole[1]! & 0x7f : 0));
  const extnIdOctets = 2 + content[1]!;
  return der.sequence(content.subarray(0, extnIdOctets), der.boolean(true), content.subarray(extnIdOctets));
}

describe('the lint', () => {
  it.each<[string, Change]>([
    ['a server', {}],
    ['an authority', { authority: true }],
    [
      'a root',
      { authority: true, parts: { crl: undefined, information: undefined }, expected: { issuer: withoutUrls() } },
    ],
    [
      'names without a subject',
      { expected: noSubject, parts: { subjectAltName: namesPart(dns('demo.dev.internal'), true) } },
    ],
    [
      'a responder',
      {
        expected: { extendedKeyUsage: ['OCSPSigning'] },
        parts: { extKeyUsage: extensions.extKeyUsage(['OCSPSigning']), nocheck: extensions.ocspNocheck() },
      },
    ],
    [
      'one as long as its issuer',
      { expected: { issuer: { ...issuer, notBefore: testNow, notAfter: testNow + 86_400 } } },
    ],
    [
      'a CN that just fits',
      { expected: { ...changed(fitting), names: dns(fitting) }, parts: { subjectAltName: namesPart(dns(fitting)) } },
    ],
    ['a CN of one letter', { authority: true, expected: changed('a') }],
    ['an RSA key', withKey(rsaKey)],
    ['an RSA key that deciphers', withKey(rsaKey, 'keyEncipherment')],
    ['an EC key that agrees on keys', withKey(spkiDer, 'keyAgreement')],
  ])('finds nothing wrong with %s', (_, change) => {
    expect(broken(change)).toEqual([]);
  });

  const cases = Object.entries(breaks).flatMap(([rule, changes]) =>
    changes.map((change, index) => [rule, index + 1, change] as const),
  );

  it.each(cases)('finds that %s is broken, and nothing else (%i)', (rule, _, change) => {
    expect(broken(change)).toEqual([rule]);
  });

  it('has a certificate that breaks it for each of its rules', () => {
    expect(Object.keys(breaks)).toEqual(Object.keys(lintRules));
    expect(Object.values(breaks).every((changes) => changes.length > 0)).toBe(true);
  });

  const sha1 = { ...issuer.signatureAlgorithm, identifierDer: der.sequence(der.oid('1.2.840.10045.4.1')) };
  it.each<[string, Change]>([
    ['SHA-1', { fields: { signatureAlgorithm: sha1 }, expected: { issuer: { ...issuer, signatureAlgorithm: sha1 } } }],
    ['a serial of zero', { expected: { serial: '00' } }],
    ['a serial of 21 octets', { expected: { serial: '01'.repeat(21) } }],
    ['an empty issuer', { fields: { issuerDer: encodeName([]) } }],
    ['an extension twice', { parts: { again: leafParts.extKeyUsage } }],
  ])('does not even parse %s', (_, change) => {
    expect(broken(change)).toEqual(['parses']);
  });

  it('does not parse another version, or what is not canonical DER', () => {
    const [tbs, expected] = made({});
    const versionAt = Buffer.from(tbs).indexOf(Buffer.from('a003020102', 'hex')) + 4;
    const version2 = tbs.with(versionAt, 1);
    expect(lintTbsCertificate(version2, expected)).toEqual(['parses']);
    expect(lintTbsCertificate(Buffer.concat([tbs, Buffer.of(0)]), expected)).toEqual(['parses']);
    expect(lintTbsCertificate(tbs.subarray(0, -1), expected)).toEqual(['parses']);
  });

  it('notices any octet that is changed', () => {
    const [tbs, expected] = made({});
    const unnoticed = [...tbs.keys()].filter(
      (at) => lintTbsCertificate(tbs.with(at, tbs[at]! ^ 1), expected).length === 0,
    );
    expect(unnoticed).toEqual([]);
  });
});

describe('lintOrThrow', () => {
  it('gives what the bytes say', () => {
    expect(lintOrThrow(...made({}))).toMatchObject({ serial: someSerial, notBefore: testNow });
  });

  it('refuses as a defect of the program, and tells the rules only to the log', () => {
    const error = refusalOf(() => lintOrThrow(...made(breaks.nocheckExactlyForResponders[0]!)));
    expect(error).toMatchObject({ code: 'serverInternal', reasons: [] });
    expect(error.message).not.toContain('nocheck');
    expect(error.cause).toMatchObject({ message: 'pre-signing lint: nocheckExactlyForResponders' });
  });
});
