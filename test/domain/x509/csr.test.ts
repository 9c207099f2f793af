import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodePem } from '../../../src/domain/der/pem.ts';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { tag } from '../../../src/domain/der/tag.ts';
import { readOid } from '../../../src/domain/der/value.ts';
import * as der from '../../../src/domain/der/writer.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseCsr, verifyCsr } from '../../../src/domain/x509/csr.ts';
import { basicConstraints, extKeyUsage, keyUsage, subjectKeyIdentifier } from '../../../src/domain/x509/extensions.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { encodeName, formatName } from '../../../src/domain/x509/name.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { type SignatureAlgorithmName, signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import {
  attribute,
  buildCsr,
  dnsName,
  extension,
  extensionRequest,
  generalName,
  rsaSpki,
  subjectAltName,
} from '../../support/csr-builder.ts';
import { describeWith, itWith, run } from '../../support/judges.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const neverKnown = (): boolean => false;
const parse = (csr: Uint8Array) => parseCsr(csr, neverKnown);
const demoSan = subjectAltName(generalName('demo.dev.internal'));
/** What the answer tells to do, reason by reason. */
const toldOf = (csr: Uint8Array): readonly string[] =>
  catchRefusal(() => parse(csr)).reasons.map(({ message }) => message);

describe('parseCsr', () => {
  it('takes subject, key, names and what was signed out of a CSR', async () => {
    const csr = parse(buildCsr({ names: ['b.dev.internal', '10.0.0.1', 'a.dev.internal'] }));
    expect(formatName(csr.subject)).toBe('CN=demo.dev.internal');
    expect(csr.publicKey.keyType).toBe('ec-p256');
    expect(csr.names.map(({ value }) => value)).toEqual(['b.dev.internal', '10.0.0.1', 'a.dev.internal']);
    expect(csr.signatureAlgorithm.name).toBe('ecdsa-with-SHA256');
    await expect(verifyCsr(csr)).resolves.toBeUndefined();
  });

  it('reads past the optional company name that openssl asks for', () => {
    const companyName = attribute('1.2.840.113549.1.9.2', der.utf8String('Example'));
    const csr = parse(buildCsr({ attributes: [companyName, extensionRequest(demoSan)] }));
    expect(csr.names.map(({ value }) => value)).toEqual(['demo.dev.internal']);
  });

  it.each([
    ['10.0.0.1', 'IP:192.0.2.1'],
    ['demo.dev.internal.', 'no dot at its end'],
    ['demo_1.dev.internal', 'no underscore'],
    ['demo..dev.internal', 'labels of letters'],
  ])('says of %s in the place of a DNS name what to do', (name, told) => {
    const san = subjectAltName(dnsName(name));
    expect(() => parse(buildCsr({ attributes: [extensionRequest(san)] }))).toThrowError(
      expect.objectContaining({
        code: 'rejectedIdentifier',
        reasons: [expect.objectContaining({ code: 'badDnsName', value: name, message: expect.stringContaining(told) })],
      }),
    );
  });

  it.each([
    ['*', 'whole left-most label'],
    ['w*.dev.internal', 'whole left-most label'],
    ['a.*.dev.internal', 'whole left-most label'],
  ])('says of %s what a wildcard is', (name, told) => {
    const san = subjectAltName(dnsName(name));
    expect(toldOf(buildCsr({ extensions: [san] }))).toEqual([expect.stringContaining(told)]);
  });

  it.each([
    ['spiffe://dev/a/', 'slash at its end'],
    ['spiffe://dev/a//b', 'empty segments'],
    ['spiffe://dev/a/../b', 'dots'],
    ['spiffe://dev/a/%2e%2e', 'percent-encoding'],
    ['SPIFFE://dev/a', 'lower case'],
    ['spiffe://Dev/a', 'lower case'],
    ['spiffe://user@dev/a', 'no user'],
    ['spiffe://dev/a?b=c', 'no query'],
    ['spiffe://dev/a#b', 'no fragment'],
    ['urn:uuid:1234', 'has a host'],
    [`spiffe://dev/${'a'.repeat(2048)}`, '2048 characters'],
    ['spiffe://dev/a b', 'scheme://host/path'],
  ])('says of the URI %s what to do', (name, told) => {
    const san = subjectAltName(der.implicit(6, Buffer.from(name)));
    expect(toldOf(buildCsr({ extensions: [san] }))).toEqual([expect.stringContaining(told)]);
  });

  it.each([
    ['CA:TRUE', basicConstraints({ ca: true }), 'CA:FALSE'],
    ['keyCertSign', keyUsage(['keyCertSign']), 'keyCertSign or cRLSign'],
    ['name constraints', extension(oids.nameConstraints, der.sequence()), 'rules for authorities'],
    [
      'a critical one',
      extension('1.2.3.4', der.nullValue(), der.tlv(tag.boolean, Buffer.of(0xff))),
      'critical extension',
    ],
  ])('says which extension it refuses, and why: %s', (_what, asked, told) => {
    const { reasons } = catchRefusal(() => parse(buildCsr({ extensions: [demoSan, asked] })));
    expect(reasons.map(({ message }) => message)).toEqual([expect.stringContaining(told)]);
    expect(reasons[0]!.value).toBe(readOid(new DerReader(asked).enterSequence()));
  });

  it.each([
    ['subjectAltName', der.nullValue()],
    ['basicConstraints', der.nullValue()],
    ['keyUsage', der.octetString(Uint8Array.of(1))],
    ['extKeyUsage', der.sequence(der.nullValue())],
    ['subjectKeyIdentifier', der.sequence()],
  ] as const)('refuses %s with a value of another kind, also where the profile decides on it', (name, value) => {
    const asked = buildCsr({ extensions: [extension(oids[name], value)] });
    expect(catchRefusal(() => parse(asked)).reasons).toMatchObject([{ code: 'badExtension', value: oids[name] }]);
  });

  it.each([
    ['countryName', 'Unknown', 'country of two letters'],
    ['organizationName', '', 'is empty'],
    ['organizationName', 'o'.repeat(65), 'more than 64 characters'],
  ] as const)('says what is wrong with a subject whose %s is %j', (type, value, told) => {
    const subject = encodeName([{ type, value }]);
    expect(toldOf(buildCsr({ subject }))).toEqual([expect.stringContaining(told)]);
  });

  it('names each name once, in the spelling that is compared', () => {
    const san = subjectAltName(dnsName('DEMO.dev.internal'), dnsName('demo.dev.internal'));
    expect(parse(buildCsr({ extensions: [san] })).names).toEqual([{ type: 'dns', value: 'demo.dev.internal' }]);
  });

  it('tells of each name that it refuses once, where it stands first', () => {
    const san = subjectAltName(dnsName('a.dev.internal'), dnsName('a_b'), dnsName('c_d'), dnsName('a_b'));
    const { reasons } = catchRefusal(() => parse(buildCsr({ extensions: [san] })));
    expect(reasons.map(({ field, value }) => [field, value])).toEqual([
      ['csr.subjectAltName[1]', 'a_b'],
      ['csr.subjectAltName[2]', 'c_d'],
    ]);
  });

  it.each([
    ['More than 100 names', 'good and bad ones together', (i: number) => (i % 2 ? `a_${i}` : `n${i}.dev`), 101],
    ['More than 1000 names', 'repeats included', () => 'a.dev', 1001],
  ])('says %s, %s', (told, _which, nameOf, count) => {
    const names = Array.from({ length: count }, (_, index) => dnsName(nameOf(index)));
    const { reasons } = catchRefusal(() => parse(buildCsr({ extensions: [subjectAltName(...names)] })));
    expect(reasons.at(-1)).toMatchObject({ code: 'tooManyNames', field: 'csr.subjectAltName' });
    expect(reasons.at(-1)!.message).toContain(told);
  });

  it('refuses an extension with one element more', () => {
    const longer = der.sequence(
      der.oid(oids.subjectKeyIdentifier),
      der.octetString(der.octetString(Uint8Array.of(1))),
      der.nullValue(),
    );
    expect(catchRefusal(() => parse(buildCsr({ extensions: [demoSan, longer] }))).code).toBe('badCSR');
  });

  it('reads a CSR without attributes: names may come with the request instead', () => {
    expect(parse(buildCsr({ attributes: [] })).names).toEqual([]);
  });

  it('reads exactly 100 names', () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}.dev.internal`);
    expect(parse(buildCsr({ names })).names).toHaveLength(100);
  });

  it.each([
    ['a challengePassword', [extensionRequest(demoSan), attribute(oids.challengePassword, der.utf8String('secret'))]],
    [
      'what Windows tells of itself, and of a template',
      [
        attribute(oids.microsoftOsVersion, der.ia5String('10.0.20348.2')),
        attribute(oids.microsoftClientInfo, der.sequence(der.smallInteger(9), der.utf8String('HOST'))),
        attribute(oids.microsoftEnrolmentCsp, der.sequence(der.smallInteger(0), der.tlv(0x1e, Buffer.from([0, 77])))),
        extensionRequest(
          demoSan,
          extension(
            '1.3.6.1.4.1.311.21.7',
            der.sequence(
              der.oid('1.3.6.1.4.1.311.21.8.8950086.10656446.2706058.12775672.480128.147.13466065.13029902'),
            ),
          ),
        ),
      ],
    ],
    [
      'extensions that the profile decides on',
      [
        extensionRequest(
          demoSan,
          basicConstraints({ ca: false }),
          keyUsage(['digitalSignature', 'keyEncipherment']),
          extKeyUsage(['serverAuth']),
          subjectKeyIdentifier(new Uint8Array(20)),
          extension('1.3.6.1.5.5.7.1.24', der.sequence(der.smallInteger(5))), // TLS Feature
        ),
      ],
    ],
  ])('tolerates %s', (_, attributes) => {
    expect(parse(buildCsr({ attributes })).names.map(({ value }) => value)).toEqual(['demo.dev.internal']);
  });

  it('refuses attributes out of their order, which no walk without the grammar sees', () => {
    const sorted = [extensionRequest(demoSan), attribute(oids.challengePassword, der.utf8String('secret'))];
    const good = Buffer.from(buildCsr({ attributes: sorted }));
    const [first, second] = sorted.toSorted(Buffer.compare).map((each) => Buffer.from(each));
    const at = good.indexOf(first!);
    Buffer.concat([second!, first!]).copy(good, at);
    expect(() => parse(good)).toThrow(expect.objectContaining({ code: 'badCSR' }));
  });

  it('refuses an attribute that holds more than its type and values', () => {
    const more = der.sequence(der.oid(oids.challengePassword), der.setOf(der.utf8String('secret')), der.nullValue());
    const csr = buildCsr({ attributes: [extensionRequest(demoSan), more] });
    expect(catchRefusal(() => parse(csr)).reasons.map(({ code }) => code)).toEqual(['wrongStructure']);
  });

  it('tells key, algorithm, subject and name problems in one refusal', () => {
    const csr = buildCsr({
      subject: der.sequence(der.setOf(der.sequence(der.oid(oids.commonName), der.utf8String('a\nb')))),
      spki: rsaSpki(der.unsignedInteger(new Uint8Array(64).fill(0xff))),
      algorithm: der.sequence(der.oid('1.2.840.10045.4.1')),
      extensions: [
        subjectAltName(dnsName('a_b'), dnsName('ok.internal'), dnsName('xn--a')),
        basicConstraints({ ca: true }),
      ],
    });
    const refusal = catchRefusal(() => parse(csr));
    expect(refusal.code).toBe('compound');
    expect(refusal.reasons.map(({ code, field }) => [code, field])).toEqual([
      ['badCharacters', 'csr.subject'],
      ['rsaModulusSize', 'csr.publicKey'],
      ['unsupportedSignatureAlgorithm', 'csr.signatureAlgorithm'],
      ['badDnsName', 'csr.subjectAltName[0]'],
      ['idnNotAllowed', 'csr.subjectAltName[2]'],
      ['forbiddenExtension', 'csr.extensionRequest'],
    ]);
  });

  it('shows refused values only in printable characters', () => {
    const csr = buildCsr({ extensions: [subjectAltName(dnsName('a\u001b[2J<script>'))] });
    expect(catchRefusal(() => parse(csr)).reasons.map(({ value }) => value)).toEqual(['a\\u{1b}[2J<script>']);
  });
});

describe('a CSR of every kind of key and signature', () => {
  it.each<[KeyType, SignatureAlgorithmName]>([
    ['ec-p256', 'ecdsa-with-SHA256'],
    ['ec-p256', 'ecdsa-with-SHA512'],
    ['ec-p384', 'ecdsa-with-SHA384'],
    ['ec-p521', 'ecdsa-with-SHA512'],
    ['rsa-2048', 'sha256WithRSAEncryption'],
    ['rsa-2048', 'sha512WithRSAEncryption'],
    ['rsa-2048', 'rsassa-pss-sha256'],
    ['rsa-2048', 'rsassa-pss-sha384'],
    ['ed25519', 'ed25519'],
  ])('%s with %s is accepted, and refused when its content changes', async (type, algorithm) => {
    const key = makeSigningKey(type, signatureAlgorithms[algorithm]);
    const csr = parse(buildCsr({ key }));
    await expect(verifyCsr(csr)).resolves.toBeUndefined();
    const changed = Buffer.from(csr.der);
    changed.write('damo', changed.indexOf('demo'));
    await expect(verifyCsr(parse(changed))).rejects.toMatchObject({ reasons: [{ code: 'badSignature' }] });
  });
});

describeWith(['openssl'], 'what openssl req writes', () => {
  const req = async (...args: readonly string[]): Promise<Uint8Array> => {
    const { stdout, stderr } = await run('openssl', ['req', '-new', '-nodes', '-keyout', '/dev/null', ...args]);
    return decodePem(stdout.toString() || stderr, 'CERTIFICATE REQUEST');
  };
  const san = ['-subj', '/C=DE/O=Team/CN=demo.dev.internal', '-addext', 'subjectAltName=DNS:demo.dev.internal,IP:::1'];

  it.each([
    ['P-256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['RSA', ['-newkey', 'rsa:2048']],
    ['RSA with PSS', ['-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']],
    ['Ed25519', ['-newkey', 'ed25519']],
    [
      'the usual extensions',
      ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-addext', 'basicConstraints=CA:FALSE']
        .concat(['-addext', 'keyUsage=critical,digitalSignature,keyEncipherment'])
        .concat(['-addext', 'extendedKeyUsage=serverAuth,clientAuth', '-addext', 'subjectKeyIdentifier=hash']),
    ],
  ])('is accepted: %s', async (_, args) => {
    const csr = parse(await req(...args, ...san));
    await expect(verifyCsr(csr)).resolves.toBeUndefined();
    expect(csr.names.map(({ value }) => value)).toEqual(['demo.dev.internal', '::1']);
    expect(formatName(csr.subject)).toBe('CN=demo.dev.internal,O=Team,C=DE');
  });

  it.each([
    ['rsa:2048', 'rsa_pss_saltlen:digest'],
    ['rsa-pss', 'plain RSA key'],
  ])('with PSS of %s, the longest salt by default, is told what to do', async (newKey, told) => {
    const args = ['-newkey', newKey, '-pkeyopt', 'rsa_keygen_bits:2048', '-sigopt', 'rsa_padding_mode:pss', ...san];
    expect(toldOf(await req(...args))).toContainEqual(expect.stringContaining(told));
  });

  it('is refused when it asks to be a CA', async () => {
    const csr = await req('-newkey', 'ed25519', ...san, '-addext', 'basicConstraints=critical,CA:TRUE');
    expect(catchRefusal(() => parse(csr)).reasons.map(({ code }) => code)).toEqual(['forbiddenExtension']);
  });
});

itWith('keytool', 'what keytool -certreq writes is accepted', async () => {
  const { path } = temporaryFolder();
  const store = ['-alias', 'a', '-keystore', join(path, 'store.p12'), '-storepass', 'changeit'];
  const dname = ['-dname', 'CN=demo.dev.internal, O=Team'];
  await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...dname, ...store]);
  const { stdout } = await run('keytool', ['-certreq', '-ext', 'san=dns:demo.dev.internal', ...store]);
  const csr = parse(decodePem(stdout.toString(), 'CERTIFICATE REQUEST'));
  await expect(verifyCsr(csr)).resolves.toBeUndefined();
  expect(csr.names).toEqual([{ type: 'dns', value: 'demo.dev.internal' }]);
});

function catchRefusal(read: () => unknown): CaError {
  try {
    read();
  } catch (error) {
    if (error instanceof CaError) return error;
    throw error;
  }
  throw new Error('was accepted');
}
