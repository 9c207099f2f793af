import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import * as der from '../../../src/domain/der/writer.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseCertificate, parseTbsCertificate } from '../../../src/domain/x509/certificate.ts';
import * as extensions from '../../../src/domain/x509/extensions.ts';
import type { GeneralName } from '../../../src/domain/x509/general-name.ts';
import { encodeName } from '../../../src/domain/x509/name.ts';
import { oidDer } from '../../../src/domain/x509/oid-der.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { assembleSigned } from '../../../src/domain/x509/signed.ts';
import { encodeTbsCertificate, type TbsCertificateFields } from '../../../src/domain/x509/tbs-certificate.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { makeTestHierarchy, testNow } from '../../support/test-hierarchy.ts';
import { tries } from '../../support/tries.ts';

const { leaf, issuing, root } = makeTestHierarchy();
const algorithm = signatureAlgorithms['ecdsa-with-SHA256'];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const fields = (override: Partial<TbsCertificateFields> = {}): TbsCertificateFields => ({
  serial: '01c88d00',
  signatureAlgorithm: algorithm,
  issuerDer: issuing.subjectDer,
  notBefore: testNow,
  notAfter: testNow + 86_400,
  subjectDer: leaf.subjectDer,
  spkiDer: leaf.key.spkiDer,
  extensions: [extensions.basicConstraints({ ca: false })],
  ...override,
});

describe('a parsed certificate', () => {
  it('tells what was built into the leaf', () => {
    const parsed = parseCertificate(leaf.der);
    expect(parsed).toMatchObject({
      serial: leaf.serial,
      signatureAlgorithm: algorithm,
      notBefore: testNow - 3600,
      notAfter: testNow - 3600 + 30 * 86_400,
      names: [{ type: 'dns', value: 'demo.dev.internal' }],
      keyUsage: ['digitalSignature'],
      extKeyUsage: [oids.serverAuth, oids.clientAuth],
      basicConstraints: { ca: false },
    });
    expect(parsed.publicKey()).toMatchObject({ keyType: 'ec-p256' });
    expect(hex(parsed.issuer.der)).toBe(hex(issuing.subjectDer));
    expect(hex(parsed.subject.der)).toBe(hex(leaf.subjectDer));
    expect(hex(parsed.spkiDer)).toBe(hex(leaf.key.spkiDer));
    expect(hex(parsed.tbs)).toBe(hex(leaf.tbs));
    expect(hex(parsed.subjectKeyIdentifier!)).toBe(hex(leaf.subjectKeyIdentifier));
    expect(hex(parsed.authorityKeyIdentifier!)).toBe(hex(issuing.subjectKeyIdentifier));
  });

  it('tells a CA from a leaf, with its path length', () => {
    expect(parseCertificate(root.der).basicConstraints).toEqual({ ca: true });
    expect(parseCertificate(issuing.der).basicConstraints).toEqual({ ca: true, pathLen: 0 });
    expect(parseCertificate(root.der).keyUsage).toEqual(['keyCertSign', 'cRLSign']);
    expect(parseCertificate(root.der)).not.toHaveProperty('extKeyUsage');
    expect(parseCertificate(root.der)).not.toHaveProperty('authorityKeyIdentifier');
  });

  it('reads its public key only when asked', () => {
    const noKey = fields({
      spkiDer: der.sequence(der.sequence(oidDer.idEcPublicKey), der.bitString(new Uint8Array(3))),
    });
    const parsed = parseTbsCertificate(encodeTbsCertificate(noKey));
    expect(parsed.serial).toBe('01c88d00');
    expect(() => parsed.publicKey()).toThrow(expect.objectContaining({ code: 'badPublicKey' }));
  });
});

const label = fc.stringMatching(/^[a-wyz][a-z0-9]{0,20}$/);
const generalName: fc.Arbitrary<GeneralName> = fc.oneof(
  fc.tuple(label, label).map(([a, b]) => ({ type: 'dns' as const, value: `${a}.${b}` })),
  fc.ipV4().map((value) => ({ type: 'ip' as const, value })),
  fc.tuple(label, label).map(([a, b]) => ({ type: 'uri' as const, value: `spiffe://${a}/${b}` })),
  fc.tuple(label, label).map(([a, b]) => ({ type: 'email' as const, value: `${a}@${b}.example` })),
);
const usageNames = Object.keys(extensions.keyUsageBits) as extensions.KeyUsageName[];
const purposes = { serverAuth: oids.serverAuth, clientAuth: oids.clientAuth, OCSPSigning: oids.ocspSigning } as const;
const lastSecond = Date.UTC(10_000, 0) / 1000 - 1;

describe('what is encoded', () => {
  it('is read back the same', () => {
    fc.assert(
      fc.property(
        fc.record({
          serial: fc
            .uint8Array({ minLength: 19, maxLength: 19 })
            .map((octets) => `01${Buffer.from(octets).toString('hex')}`),
          notBefore: fc.integer({ min: 0, max: lastSecond }),
          notAfter: fc.integer({ min: 0, max: lastSecond }),
          signatureAlgorithm: fc.constantFrom(...Object.values(signatureAlgorithms)),
          commonName: fc.option(fc.string({ minLength: 1, maxLength: 64 }), { nil: undefined }),
          names: fc.array(generalName, { minLength: 1, maxLength: 5 }),
          keyUsage: fc.subarray(usageNames, { minLength: 1 }),
          purposes: fc.subarray(Object.keys(purposes) as (keyof typeof purposes)[], { minLength: 1 }),
          pathLen: fc.option(fc.nat(1000), { nil: undefined }),
        }),
        (made) => {
          const tbs = encodeTbsCertificate({
            ...fields(made),
            subjectDer: encodeName(
              made.commonName === undefined ? [] : [{ type: 'commonName', value: made.commonName }],
            ),
            extensions: [
              extensions.basicConstraints(
                made.pathLen === undefined ? { ca: true } : { ca: true, pathLen: made.pathLen },
              ),
              extensions.keyUsage(made.keyUsage),
              extensions.extKeyUsage(made.purposes),
              extensions.subjectAltName(made.names, made.commonName === undefined),
            ],
          });
          const parsed = parseTbsCertificate(tbs);
          const { serial, notBefore, notAfter, signatureAlgorithm, names, keyUsage } = made;
          expect(parsed).toMatchObject({ serial, notBefore, notAfter, signatureAlgorithm, names, keyUsage });
          expect(parsed.extKeyUsage).toEqual(made.purposes.map((purpose) => purposes[purpose]));
          expect(parsed.basicConstraints?.pathLen).toBe(made.pathLen);
          expect(parsed.subject.attributes.map(({ value }) => value)).toEqual(
            made.commonName === undefined ? [] : [made.commonName],
          );
          expect(parsed.extensions.get(oids.subjectAltName)?.critical).toBe(made.commonName === undefined);
        },
      ),
      { numRuns: tries(200) },
    );
  });

  it('holds no DEFAULT values', () => {
    // SEQUENCE { OID basicConstraints, BOOLEAN TRUE, OCTET STRING { SEQUENCE {} } }
    expect(hex(extensions.basicConstraints({ ca: false }))).toBe('300c0603551d130101ff04023000');
    // SEQUENCE { OID keyUsage, BOOLEAN TRUE, OCTET STRING { BIT STRING 1000 0000 with 7 unused bits } }
    expect(hex(extensions.keyUsage(['digitalSignature']))).toBe('300e0603551d0f0101ff0404030207' + '80');
    // SEQUENCE { OID subjectKeyIdentifier, OCTET STRING { OCTET STRING } }: critical FALSE is absent
    expect(hex(extensions.subjectKeyIdentifier(Uint8Array.of(1)))).toBe('300a0603551d0e0403040101');
  });

  it('needs at least one extension, one usage and one name, and a path length only for a CA', () => {
    expect(() => encodeTbsCertificate(fields({ extensions: [] }))).toThrow(RangeError);
    expect(() => extensions.keyUsage([])).toThrow(RangeError);
    expect(() => extensions.extKeyUsage([])).toThrow(RangeError);
    expect(() => extensions.subjectAltName([], true)).toThrow(RangeError);
    expect(() => extensions.basicConstraints({ ca: false, pathLen: 0 })).toThrow(RangeError);
  });
});

const codeOf = (parse: () => unknown): string => {
  try {
    parse();
  } catch (error) {
    if (error instanceof CaError) return error.code;
    throw error;
  }
  return 'accepted';
};

/** A TBSCertificate of these elements in place of the right ones, by position. */
function tbsWith(changes: Readonly<Record<number, Uint8Array | readonly Uint8Array[]>>): Uint8Array {
  const right = new DerReader(encodeTbsCertificate(fields())).enterSequence();
  const parts: Uint8Array[] = [];
  for (let index = 0; !right.atEnd; index++) {
    const part = right.whole(right.next());
    parts.push(...[changes[index] ?? part].flat());
  }
  return der.sequence(...parts);
}
const extensionsWith = (...list: Uint8Array[]) => der.explicit(3, der.sequence(...list));
const basic = extensions.basicConstraints({ ca: false });
const raw = (oid: Uint8Array, value: Uint8Array) => der.sequence(oid, der.octetString(value));
/** SEQUENCE { SEQUENCE { OID }, BIT STRING }, the last with its length in the long form; no key is read before it is asked for. */
const spkiInBer = der.sequence(der.sequence(oidDer.idEd25519), Uint8Array.of(3, 0x81, 2, 0, 1));
const times = (from: Uint8Array, to: Uint8Array) => der.sequence(from, to);

it('the serial zero of a root is borne with', () => {
  const subject = new DerReader(encodeTbsCertificate(fields())).enterSequence();
  const parts = Array.from({ length: 6 }, () => subject.whole(subject.next()));
  const tbs = tbsWith({ 1: der.smallInteger(0), 5: parts[3]! });
  expect(parseTbsCertificate(tbs).serial).toBe('00');
});

it.each([
  ['05', der.smallInteger(5)],
  ['80', der.smallInteger(0x80)],
])('the serial %s of a root is told as it is', (serial, encoded) => {
  expect(parseTbsCertificate(tbsWith({ 1: encoded, 5: issuing.subjectDer })).serial).toBe(serial);
});

describe('the authorityKeyIdentifier', () => {
  const issuerAndSerial = [der.explicit(1, der.explicit(4, der.sequence())), der.implicit(2, Uint8Array.of(7))];
  const read = (...parts: Uint8Array[]) =>
    parseTbsCertificate(tbsWith({ 7: extensionsWith(raw(oidDer.authorityKeyIdentifier, der.sequence(...parts))) }));

  it('may name issuer and serial besides, as other CAs write it', () => {
    const { authorityKeyIdentifier } = read(der.implicit(0, Uint8Array.of(9)), ...issuerAndSerial);
    expect(hex(authorityKeyIdentifier!)).toBe('09');
  });

  it('may name them alone, and then no key', () => {
    expect(read(...issuerAndSerial)).not.toHaveProperty('authorityKeyIdentifier');
  });

  it('holds nothing else', () => {
    expect(codeOf(() => read(...issuerAndSerial, der.nullValue()))).toBe('malformed');
  });
});

describe('a TBSCertificate is refused', () => {
  it.each<[string, Uint8Array]>([
    ['without a version', tbsWith({ 0: [] })],
    ['of version 1 that is encoded', tbsWith({ 0: der.explicit(0, der.smallInteger(0)) })],
    ['with two versions', tbsWith({ 0: der.explicit(0, der.smallInteger(2), der.smallInteger(2)) })],
    ['of version 4', tbsWith({ 0: der.explicit(0, der.smallInteger(3)) })],
    ['with serial zero', tbsWith({ 1: der.smallInteger(0) })],
    ['with a negative serial', tbsWith({ 1: Uint8Array.of(2, 1, 0xff) })],
    ['with a serial of 21 octets', tbsWith({ 1: der.unsignedInteger(new Uint8Array(21).fill(1)) })],
    ['signed with SHA-1', tbsWith({ 2: der.sequence(der.oid('1.2.840.10045.4.1')) })],
    ['with parameters for ECDSA', tbsWith({ 2: der.sequence(oidDer.ecdsaWithSHA256, der.nullValue()) })],
    ['with an empty issuer', tbsWith({ 3: der.sequence() })],
    ['with a GeneralizedTime before 2050', tbsWith({ 4: times(der.generalizedTime(0), der.time(testNow)) })],
    ['with one time', tbsWith({ 4: der.sequence(der.time(testNow)) })],
    ['with three times', tbsWith({ 4: der.sequence(der.time(0), der.time(0), der.time(0)) })],
    ['with a subject that is no Name', tbsWith({ 5: der.sequence(der.nullValue()) })],
    ['whose public key is not DER', tbsWith({ 6: spkiInBer })],
    ['with a unique identifier', tbsWith({ 7: [der.implicit(1, Uint8Array.of(0, 1)), extensionsWith(basic)] })],
    ['without extensions', tbsWith({ 7: [] })],
    ['with an empty list of extensions', tbsWith({ 7: extensionsWith() })],
    ['with two lists of extensions', tbsWith({ 7: [extensionsWith(basic), extensionsWith(basic)] })],
    ['with two lists in one place', tbsWith({ 7: der.explicit(3, der.sequence(basic), der.sequence(basic)) })],
    [
      'with something after the value of an extension',
      tbsWith({
        7: extensionsWith(der.sequence(oidDer.keyUsage, der.octetString(der.namedBits([0])), der.nullValue())),
      }),
    ],
    [
      'with something after pathLen',
      tbsWith({
        7: extensionsWith(
          raw(oidDer.basicConstraints, der.sequence(der.boolean(true), der.smallInteger(0), der.nullValue())),
        ),
      }),
    ],
    ['with the same extension twice', tbsWith({ 7: extensionsWith(basic, basic) })],
    [
      'with critical FALSE encoded',
      tbsWith({
        7: extensionsWith(der.sequence(oidDer.keyUsage, der.boolean(false), der.octetString(der.namedBits([0])))),
      }),
    ],
    [
      'with cA FALSE encoded',
      tbsWith({ 7: extensionsWith(raw(oidDer.basicConstraints, der.sequence(der.boolean(false)))) }),
    ],
    [
      'with an extension that is not DER',
      tbsWith({ 7: extensionsWith(raw(oidDer.certificatePolicies, Uint8Array.of(0x30, 0x80))) }),
    ],
    [
      'with bytes after an extension',
      tbsWith({ 7: extensionsWith(raw(oidDer.subjectKeyIdentifier, Uint8Array.of(4, 1, 1, 0))) }),
    ],
    ['with an empty keyUsage', tbsWith({ 7: extensionsWith(raw(oidDer.keyUsage, der.namedBits([]))) })],
    [
      'with trailing zero bits in keyUsage',
      tbsWith({ 7: extensionsWith(raw(oidDer.keyUsage, Uint8Array.of(3, 2, 0, 0x80))) }),
    ],
    ['with a tenth bit in keyUsage', tbsWith({ 7: extensionsWith(raw(oidDer.keyUsage, der.namedBits([0, 9]))) })],
    ['with an empty extKeyUsage', tbsWith({ 7: extensionsWith(raw(oidDer.extKeyUsage, der.sequence())) })],
    ['with an empty subjectAltName', tbsWith({ 7: extensionsWith(raw(oidDer.subjectAltName, der.sequence())) })],
    ['with something after it', Buffer.concat([encodeTbsCertificate(fields()), Uint8Array.of(5, 0)])],
    ['that is empty', new Uint8Array(0)],
  ])('%s', (_flaw, tbs) => {
    expect(codeOf(() => parseTbsCertificate(tbs))).toBe('malformed');
  });

  it('and is accepted without a flaw', () => {
    expect(codeOf(() => parseTbsCertificate(tbsWith({})))).toBe('accepted');
  });
});

describe('a certificate is refused', () => {
  const { tbs, key } = leaf;
  const signature = key.sign(tbs);

  it.each<[string, Uint8Array]>([
    ['whose two algorithms differ', assembleSigned(tbs, signatureAlgorithms['ecdsa-with-SHA384'], signature)],
    ['with an empty signature', assembleSigned(tbs, algorithm, new Uint8Array(0))],
    ['with something after the signature', assembleSigned(tbs, algorithm, signature, der.nullValue())],
    ['followed by another', Buffer.concat([leaf.der, leaf.der])],
    ['whose public key is not DER', assembleSigned(tbsWith({ 6: spkiInBer }), algorithm, signature)],
    ['cut short', leaf.der.subarray(0, -1)],
    ['as its TBSCertificate alone', tbs],
  ])('%s', (_flaw, certificate) => {
    expect(codeOf(() => parseCertificate(certificate))).toBe('malformed');
  });

  it('with any octet changed, or parsed into something canonical, and never otherwise', () => {
    const rsa = makeSigningKey('rsa-2048');
    const certificates = [leaf.der, root.der, assembleSigned(tbs, rsa.algorithm, rsa.sign(tbs))];
    fc.assert(
      fc.property(
        fc.constantFrom(...certificates),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('set', 'insert', 'delete', 'cut'),
        (certificate, at, octet, how) => {
          const position = at % certificate.length;
          const mutated = mutate(certificate, position, octet, how);
          expect(['accepted', 'malformed']).toContain(codeOf(() => parseCertificate(mutated)));
          expect(['accepted', 'malformed']).toContain(codeOf(() => parseTbsCertificate(mutated)));
        },
      ),
      { numRuns: tries(3000) },
    );
  });
});

function mutate(bytes: Uint8Array, at: number, octet: number, how: 'set' | 'insert' | 'delete' | 'cut'): Uint8Array {
  const before = bytes.subarray(0, at);
  if (how === 'cut') return before;
  if (how === 'delete') return Buffer.concat([before, bytes.subarray(at + 1)]);
  return Buffer.concat([before, Uint8Array.of(octet), bytes.subarray(how === 'set' ? at + 1 : at)]);
}
