import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/domain/der/pem.ts';
import { DerReader } from '../../../src/domain/der/reader.ts';
import * as der from '../../../src/domain/der/writer.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { type RevocationReason, revocationReasons } from '../../../src/domain/policy/revocation-reason.ts';
import {
  type CrlEntry,
  encodeCrlEntry,
  encodeTbsCertList,
  type TbsCertListFields,
} from '../../../src/domain/x509/crl.ts';
import * as crlExtensions from '../../../src/domain/x509/crl-extensions.ts';
import { authorityKeyIdentifier, extension } from '../../../src/domain/x509/extensions.ts';
import { oidDer } from '../../../src/domain/x509/oid-der.ts';
import { parseCrl, parseForeignCrl } from '../../../src/domain/x509/read-crl.ts';
import { makeSerial } from '../../../src/domain/x509/serial.ts';
import { signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { assembleSigned } from '../../../src/domain/x509/signed.ts';
import { unarguedFindings } from '../../support/argued-findings.ts';
import { itWith, run } from '../../support/judges.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { makeTestHierarchy, testNow } from '../../support/test-hierarchy.ts';
import { tries } from '../../support/tries.ts';

const { issuing, root, leaf } = makeTestHierarchy();
const { algorithm } = issuing.key;
const reasons = Object.keys(revocationReasons) as RevocationReason[];

const fields = (override: Partial<TbsCertListFields> = {}): TbsCertListFields => ({
  signatureAlgorithm: algorithm,
  issuerDer: issuing.subjectDer,
  thisUpdate: testNow,
  nextUpdate: testNow + 86_400,
  entries: [],
  crlNumber: testNow,
  authorityKeyIdentifier: issuing.subjectKeyIdentifier,
  ...override,
});

const signed = (tbs: Uint8Array): Uint8Array => assembleSigned(tbs, algorithm, issuing.key.sign(tbs));
const crlOf = (entries: readonly CrlEntry[], override: Partial<TbsCertListFields> = {}): Uint8Array =>
  signed(encodeTbsCertList(fields({ entries: entries.map(encodeCrlEntry), ...override })));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** One entry for each reason, the last with an invalidityDate. */
const oneOfEach: readonly CrlEntry[] = reasons.map((reason, index) => ({
  serial: `01c88d${index.toString(16).padStart(2, '0')}`,
  at: testNow - 1000 - index,
  reason,
  ...(index === reasons.length - 1 && { invalidityDate: testNow - 5000 }),
}));

describe('a CRL', () => {
  it('is read back as it was written', () => {
    const parsed = parseCrl(crlOf(oneOfEach));
    expect(parsed).toMatchObject({
      thisUpdate: testNow,
      nextUpdate: testNow + 86_400,
      crlNumber: testNow,
      signatureAlgorithm: algorithm,
      entries: oneOfEach,
    });
    expect(hex(parsed.issuer.der)).toBe(hex(issuing.subjectDer));
    expect(hex(parsed.authorityKeyIdentifier)).toBe(hex(issuing.subjectKeyIdentifier));
  });

  it('is read back as it was written, whatever is on it', () => {
    const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 0) / 1000 });
    const entry = fc.record(
      {
        serial: fc
          .uint8Array({ minLength: 1, maxLength: 20 })
          .map((octets) => hex(Uint8Array.of(octets[0]! | 1, ...octets.slice(1)))),
        at: seconds,
        reason: fc.constantFrom(...reasons),
        invalidityDate: seconds,
      },
      { requiredKeys: ['serial', 'at', 'reason'] },
    );
    const numbers = fc.record({ thisUpdate: seconds, nextUpdate: seconds, crlNumber: fc.maxSafeNat() });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), numbers, (entries, override) => {
        expect(parseCrl(crlOf(entries, override))).toMatchObject({ entries, ...override });
      }),
    );
  });

  it('says nothing where there is nothing to say', () => {
    // SEQUENCE { INTEGER 1, UTCTime }: no crlEntryExtensions for `unspecified`
    expect(hex(encodeCrlEntry({ serial: '01', at: 0, reason: 'unspecified' }))).toBe(
      `3012020101170d${Buffer.from('700101000000Z').toString('hex')}`,
    );
    const list = new DerReader(encodeTbsCertList(fields())).enterSequence();
    const tags: number[] = [];
    while (!list.atEnd) tags.push(list.next().tag);
    // version, signature, issuer, thisUpdate, nextUpdate, crlExtensions: no revokedCertificates when empty
    expect(tags.map((tag) => tag.toString(16))).toEqual(['2', '30', '30', '17', '17', 'a0']);
  });

  it('of 100,000 entries is one buffer that is read back whole', () => {
    const entries = Array.from(
      { length: 100_000 },
      (_, index): CrlEntry => ({
        serial: makeSerial(testNow * 1000, randomBytes(16)),
        at: testNow - index,
        reason: reasons[index % reasons.length]!,
      }),
    );
    const parsed = parseCrl(crlOf(entries));
    expect(parsed.entries).toHaveLength(entries.length);
    expect(parsed.entries[99_999]).toEqual(entries[99_999]);
  });

  itWith('openssl', 'is verified and read the same by openssl', async () => {
    const folder = temporaryFolder();
    const file = folder.write('list.pem', encodePem('X509 CRL', crlOf(oneOfEach)));
    const issuer = folder.write('issuing.pem', issuing.pem);
    const { stdout, stderr } = await run('openssl', ['crl', '-in', file, '-CAfile', issuer, '-noout', '-text']);
    expect(stderr).toContain('verify OK');
    const text = stdout
      .toString()
      .replace(/[ \t]+/g, ' ')
      .replace(/ ?\n ?/g, '\n');
    expect(text).toContain('Version 2 (0x1)\n');
    expect(text).toContain(
      'Issuer: CN = Test Issuing\nLast Update: Nov 1 00:00:00 2026 GMT\nNext Update: Nov 2 00:00:00 2026 GMT\n',
    );
    expect(text).toContain(`X509v3 CRL Number:\n${testNow}\n`);
    const shown = [...text.matchAll(/Serial Number: ([0-9A-F]+)\n/g)].map(([, serial]) => serial!.toLowerCase());
    expect(shown).toEqual(oneOfEach.map(({ serial }) => serial));
    const names = [...text.matchAll(/CRL Reason Code:\n([^\n]+)\n/g)].map(([, name]) => name);
    expect(names).toEqual([
      ...['Key Compromise', 'CA Compromise', 'Affiliation Changed', 'Superseded', 'Cessation Of Operation'],
      ...['Certificate Hold', 'Privilege Withdrawn', 'AA Compromise'],
    ]);
    expect(text).toContain('Invalidity Date:\nOct 31 22:36:40 2026 GMT\n');
  });

  itWith('openssl', 'makes openssl refuse what it lists and accept what it does not', async () => {
    const folder = temporaryFolder();
    const trust = folder.write('trust.pem', root.pem + issuing.pem);
    const leafFile = folder.write('leaf.pem', leaf.pem);
    const check = (entries: readonly CrlEntry[]) => {
      const crlFile = folder.write('list.pem', encodePem('X509 CRL', crlOf(entries)));
      const options = [
        '-x509_strict',
        '-crl_check',
        '-CRLfile',
        crlFile,
        '-CAfile',
        trust,
        '-attime',
        `${testNow + 60}`,
      ];
      return run('openssl', ['verify', ...options, leafFile]);
    };
    expect((await check(oneOfEach)).code).toBe(0);
    const revoked = await check([...oneOfEach, { serial: leaf.serial, at: testNow, reason: 'keyCompromise' }]);
    expect(revoked.stderr).toContain('certificate revoked');
  });

  itWith('pkilint', 'of every shape has no finding of pkilint that nothing argues', async () => {
    const far = Date.UTC(2050, 0) / 1000;
    const shapes = [
      crlOf([]),
      crlOf(oneOfEach),
      crlOf([{ serial: leaf.serial, at: far, reason: 'superseded', invalidityDate: testNow }]),
      crlOf(oneOfEach, { thisUpdate: far, nextUpdate: far + 86_400, crlNumber: far }),
    ];
    const findings = await unarguedFindings(shapes.map((bytes) => ({ kind: 'crl', bytes })));
    expect(findings).toEqual(shapes.map(() => []));
  });
});

const codeOf = (bytes: Uint8Array, parse: (der: Uint8Array) => unknown = parseCrl): string => {
  try {
    parse(bytes);
  } catch (error) {
    if (error instanceof CaError) return error.code;
    throw error;
  }
  return 'accepted';
};

/** A CRL with other elements in place of the right ones, by position. */
function crlWith(changes: Readonly<Record<number, Uint8Array | readonly Uint8Array[]>>): Uint8Array {
  const right = new DerReader(encodeTbsCertList(fields({ entries: [encodeCrlEntry(oneOfEach[1]!)] }))).enterSequence();
  const parts: Uint8Array[] = [];
  for (let index = 0; !right.atEnd; index++) {
    const part = right.whole(right.next());
    parts.push(...[changes[index] ?? part].flat());
  }
  return signed(der.sequence(...parts));
}
/** The same under this AlgorithmIdentifier outside. */
function signedAs(algorithmDer: Uint8Array, changes: Parameters<typeof crlWith>[0]): Uint8Array {
  const outer = new DerReader(crlWith(changes)).enterSequence();
  const tbs = outer.whole(outer.next());
  return der.sequence(tbs, algorithmDer, der.bitString(issuing.key.sign(tbs)));
}
const entryWith = (...extensionsDer: Uint8Array[]): Uint8Array =>
  der.sequence(der.sequence(der.smallInteger(1), der.time(testNow), ...extensionsDer));
const entryExtension = (oid: Uint8Array, value: Uint8Array, critical = false): Uint8Array =>
  entryWith(der.sequence(extension(oid, value, critical)));
const serialOf = (serial: Uint8Array): Uint8Array => der.sequence(der.sequence(serial, der.time(testNow)));
const someOctets = der.octetString(der.nullValue());
/** One RDN of two attributes in the wrong order. */
const unsorted = der.tlv(
  0x31,
  ...[oidDer.organizationName, oidDer.commonName].map((type) => der.sequence(type, der.utf8String('a'))),
);
const akid = authorityKeyIdentifier(issuing.subjectKeyIdentifier);
const number = crlExtensions.crlNumber(7);
const listExtensions = (...list: Uint8Array[]): Uint8Array => der.explicit(0, der.sequence(...list));

it.each([
  ['reasonCode', entryExtension(oidDer.reasonCode, der.enumerated(1), true)],
  ['invalidityDate', entryExtension(oidDer.invalidityDate, der.generalizedTime(testNow), true)],
])('a critical %s of an entry is understood', (_, entries) => {
  expect(codeOf(crlWith({ 5: entries }))).toBe('accepted');
  expect(parseForeignCrl(crlWith({ 5: entries })).entries).toEqual([{ serial: '01', at: testNow }]);
});

describe('a CRL is refused', () => {
  it.each<[string, Uint8Array]>([
    ['of version 1', crlWith({ 0: [] })],
    ['of another version', crlWith({ 0: der.smallInteger(2) })],
    ['whose algorithms differ', crlWith({ 1: signatureAlgorithms.ed25519.identifierDer })],
    ['with an unknown algorithm', crlWith({ 1: der.sequence(der.oid('1.2.3')) })],
    [
      'signed with an algorithm that is not in use here',
      signedAs(der.sequence(der.oid('1.2.3')), { 1: der.sequence(der.oid('1.2.3')) }),
    ],
    ['whose issuer is not DER', crlWith({ 2: Uint8Array.of(0x30, 0x80, 0, 0) })],
    ['whose issuer is not in order', crlWith({ 2: der.sequence(unsorted) })],
    ['without nextUpdate', crlWith({ 4: [] })],
    ['with a GeneralizedTime before 2050', crlWith({ 3: der.generalizedTime(testNow) })],
    ['with an empty list', crlWith({ 5: der.sequence() })],
    ['with a serial that has a zero before it', crlWith({ 5: serialOf(Uint8Array.of(2, 2, 0, 1)) })],
    [
      'with an extension whose critical is TRUE in BER',
      crlWith({ 6: listExtensions(akid, number, der.sequence(der.oid('1.2'), Uint8Array.of(1, 1, 1), someOctets)) }),
    ],
    ['with two lists of extensions', crlWith({ 6: der.explicit(0, der.sequence(akid, number), der.sequence(akid)) })],
    ['with something after its extensions', crlWith({ 6: [listExtensions(akid, number), der.nullValue()] })],
    ['with serial zero', crlWith({ 5: der.sequence(der.sequence(der.smallInteger(0), der.time(0))) })],
    ['with an empty crlEntryExtensions', crlWith({ 5: entryWith(der.sequence()) })],
    ['with reason unspecified encoded', crlWith({ 5: entryExtension(oidDer.reasonCode, der.enumerated(0)) })],
    ['with reason removeFromCRL', crlWith({ 5: entryExtension(oidDer.reasonCode, der.enumerated(8)) })],
    ['with a reason of two octets', crlWith({ 5: entryExtension(oidDer.reasonCode, Uint8Array.of(10, 2, 1, 1)) })],
    ['with invalidityDate in UTCTime', crlWith({ 5: entryExtension(oidDer.invalidityDate, der.time(testNow)) })],
    ['with a critical entry extension', crlWith({ 5: entryExtension(der.oid('2.5.29.29'), der.sequence(), true) })],
    [
      'with more than an entry holds',
      crlWith({ 5: entryWith(der.sequence(crlExtensions.reasonCode('superseded')), der.nullValue()) }),
    ],
    ['without extensions', crlWith({ 6: [] })],
    ['without a number', crlWith({ 6: listExtensions(akid) })],
    ['without its issuer’s key identifier', crlWith({ 6: listExtensions(number) })],
    [
      'that is a delta',
      crlWith({ 6: listExtensions(akid, number, extension(der.oid('2.5.29.27'), der.smallInteger(1), true)) }),
    ],
    [
      'with a negative number',
      crlWith({ 6: listExtensions(akid, extension(oidDer.cRLNumber, Uint8Array.of(2, 1, 0xff), false)) }),
    ],
    [
      'with a number over 2^53, which none of ours has',
      crlWith({
        6: listExtensions(akid, extension(oidDer.cRLNumber, der.unsignedInteger(new Uint8Array(20).fill(1)), false)),
      }),
    ],
    ['with an extension twice', crlWith({ 6: listExtensions(akid, number, number) })],
    ['with something after it', Buffer.concat([crlOf([]), der.nullValue()])],
    ['that is a certificate', leaf.der],
  ])('%s', (_flaw, crl) => {
    expect(codeOf(crl)).toBe('malformed');
  });

  it('and is accepted without a flaw', () => {
    expect(codeOf(crlWith({}))).toBe('accepted');
  });

  it('of another CA, too, when an entry may mean another issuer’s certificate or holds more than it may', () => {
    const certificateIssuer = entryExtension(der.oid('2.5.29.29'), der.sequence(), true);
    expect(codeOf(crlWith({ 5: certificateIssuer }), parseForeignCrl)).toBe('malformed');
    const more = entryWith(der.sequence(crlExtensions.reasonCode('superseded')), der.nullValue());
    expect(codeOf(crlWith({ 5: more }), parseForeignCrl)).toBe('malformed');
  });

  it('with any octet changed, or read, and never otherwise', () => {
    const crl = crlOf(oneOfEach);
    fc.assert(
      fc.property(fc.nat(crl.length - 1), fc.nat(255), (at, octet) => {
        const mutated = Buffer.from(crl);
        mutated[at] = octet;
        expect(['accepted', 'malformed']).toContain(codeOf(mutated));
        expect(codeOf(crl.subarray(0, at))).toBe('malformed');
      }),
      { numRuns: tries(2000) },
    );
  });
});
