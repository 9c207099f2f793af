import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { tag } from '../../../src/domain/der/tag.ts';
import * as der from '../../../src/domain/der/writer.ts';
import { CaError } from '../../../src/domain/errors.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import {
  keyIdentifier,
  parseSubjectPublicKey,
  publicKeySha256,
  verifySignature,
  verifySignatureSync,
} from '../../../src/domain/x509/public-key.ts';
import { signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { ecSpki, rsaSpki, spki } from '../../support/csr-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';

const tbs = Buffer.from('what is signed');

const reasonsOf = (spkiDer: Uint8Array): string[] => {
  try {
    parseSubjectPublicKey(spkiDer);
    return [];
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    return error.reasons.map(({ code }) => code);
  }
};

describe('a public key', () => {
  it.each<[KeyType, string, string]>([
    ['ec-p256', 'ec', 'ec-p256'],
    ['ec-p384', 'ec', 'ec-p384'],
    ['ec-p521', 'ec', 'ec-p521'],
    ['rsa-2048', 'rsa', 'rsa'],
    ['ed25519', 'ed25519', 'ed25519'],
  ])('of type %s is read as family %s, kind %s', (keyType, family, kind) => {
    const { spkiDer } = makeSigningKey(keyType);
    expect(parseSubjectPublicKey(spkiDer)).toMatchObject({ keyType, family, kind });
  });

  it('of RSA has the numbers that node:crypto reads', () => {
    const { spkiDer } = makeSigningKey('rsa-2048');
    const { n } = createPublicKey({ key: Buffer.from(spkiDer), format: 'der', type: 'spki' }).export({ format: 'jwk' });
    const { rsa } = parseSubjectPublicKey(spkiDer);
    expect(Buffer.from(rsa!.modulus).toString('base64url')).toBe(n);
    expect([Buffer.from(rsa!.exponent).toString('hex'), rsa!.bits]).toEqual(['010001', 2048]);
  });

  it.each([
    [2048, []],
    [2056, []],
    [8192, []],
    [2040, ['rsaModulusSize']],
    [8200, ['rsaModulusSize']],
    [2052, ['rsaModulusSize']],
  ])('of RSA with %i bits gives %j', (bits, reasons) => {
    const magnitude = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
    magnitude[0]! >>= (8 - (bits % 8)) % 8;
    expect(reasonsOf(rsaSpki(der.unsignedInteger(magnitude)))).toEqual(reasons);
  });

  it('of Ed25519 is refused when its order is small: to a lenient verifier anyone signs for such a key', () => {
    // RFC 8032 points of order 1, 2, 4 and 8, some with their sign bit, and y = p + 1, which is 1 not reduced.
    const points = [
      `01${'00'.repeat(31)}`,
      `01${'00'.repeat(30)}80`,
      `ec${'ff'.repeat(30)}7f`,
      '00'.repeat(32),
      `${'00'.repeat(31)}80`,
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      `ee${'ff'.repeat(30)}7f`,
    ];
    for (const point of points) {
      expect(reasonsOf(spki([der.oid(oids.idEd25519)], Buffer.from(point, 'hex')))).toEqual(['pointNotOnCurve']);
    }
  });

  it('with anything after it, or in no structure at all, is badly encoded', () => {
    const { spkiDer } = makeSigningKey();
    expect(reasonsOf(Buffer.concat([spkiDer, Buffer.alloc(1)]))).toEqual(['badKeyEncoding']);
    expect(reasonsOf(der.nullValue())).toEqual(['badKeyEncoding']);
    expect(reasonsOf(new Uint8Array())).toEqual(['badKeyEncoding']);
  });

  const [modulus, exponent] = [der.unsignedInteger(new Uint8Array(256).fill(0xff)), der.smallInteger(65537)];
  const rsa = der.oid(oids.rsaEncryption);
  const ed25519 = der.oid(oids.idEd25519);
  const p256 = der.oid(oids.secp256r1);
  const numbers = der.sequence(modulus, exponent);
  it.each<[string, Uint8Array]>([
    ['with a third element', der.sequence(der.sequence(ed25519), der.bitString(new Uint8Array(32)), der.nullValue())],
    ['of EC with a point of no octets', ecSpki(p256, new Uint8Array())],
    ['of EC with a point of one octet that is not infinity', ecSpki(p256, Uint8Array.of(4))],
    ['of EC with a point as long as it should be that begins with 0', ecSpki(p256, new Uint8Array(65))],
    ['of EC with a point of another curve', ecSpki(p256, Uint8Array.of(4, ...new Uint8Array(96)))],
    ['of RSA without parameters', spki([rsa], numbers)],
    ['of RSA with a NULL that ends before its content', spki([rsa, Uint8Array.of(tag.null, 1)], numbers)],
    ['of RSA with a NULL that has content', spki([rsa, der.tlv(tag.null, Uint8Array.of(0))], numbers)],
    ['of RSA with other parameters', spki([rsa, der.sequence()], numbers)],
    ['of RSA with more than NULL', spki([rsa, der.nullValue(), der.nullValue()], numbers)],
    ['of RSA with a third number', spki([rsa, der.nullValue()], der.sequence(modulus, exponent, exponent))],
    ['of RSA with something after its numbers', spki([rsa, der.nullValue()], Buffer.concat([numbers, numbers]))],
    ['of Ed25519 with parameters', spki([ed25519, der.nullValue()], new Uint8Array(32).fill(9))],
    ['of Ed25519 with 31 octets', spki([ed25519], new Uint8Array(31).fill(9))],
    ['of Ed25519 with 33 octets', spki([ed25519], new Uint8Array(33).fill(9))],
  ])('%s is badly encoded', (_, encoded) => {
    expect(reasonsOf(encoded)).toEqual(['badKeyEncoding']);
  });

  it.each<[string, Uint8Array, string]>([
    ['a negative modulus', rsaSpki(der.tlv(2, new Uint8Array(256).fill(0x80)), exponent), 'rsaModulusForm'],
    ['a negative exponent', rsaSpki(modulus, der.tlv(2, Uint8Array.of(0x80))), 'rsaExponent'],
    ['an exponent of zero', rsaSpki(modulus, der.smallInteger(0)), 'rsaExponent'],
  ])('of RSA with %s is refused', (_, encoded, reason) => {
    expect(reasonsOf(encoded)).toEqual([reason]);
  });

  it('is named by hashes of its bit string and of the whole', () => {
    const { spkiDer } = makeSigningKey();
    // A P-256 SubjectPublicKeyInfo has 26 octets before the point.
    const expected = createHash('sha256').update(spkiDer.subarray(26)).digest().subarray(0, 20);
    expect(Buffer.from(keyIdentifier(spkiDer))).toEqual(expected);
    expect(publicKeySha256(spkiDer)).toBe(createHash('sha256').update(spkiDer).digest('hex'));
  });
});

describe('verifySignature', () => {
  it.each(Object.values(signatureAlgorithms).map((algorithm) => [algorithm.name, algorithm] as const))(
    'accepts %s by its own key and nothing altered',
    async (_, algorithm) => {
      const types = { ec: 'ec-p256', rsa: 'rsa-2048', ed25519: 'ed25519' } as const;
      const key = makeSigningKey(types[algorithm.keyFamily], algorithm);
      const publicKey = parseSubjectPublicKey(key.spkiDer);
      const signature = key.sign(tbs);
      const signed = { tbs, signature, algorithm, publicKey };
      expect(await verifySignature(signed)).toBe(true);
      expect(verifySignatureSync(signed)).toBe(true);
      expect(await verifySignature({ ...signed, tbs: Buffer.from('something else') })).toBe(false);
      expect(await verifySignature({ ...signed, signature: signature.subarray(0, -1) })).toBe(false);
      expect(await verifySignature({ ...signed, signature: Buffer.concat([signature, Buffer.alloc(1)]) })).toBe(false);
    },
  );

  it('is false for an ECDSA signature in any encoding but DER', async () => {
    const key = makeSigningKey('ec-p256');
    const { algorithm } = key;
    const signature = key.sign(tbs);
    const fields = new DerReader(signature).enterSequence();
    const [r, s] = [fields.whole(fields.next()), fields.whole(fields.next())];
    const padded = der.tlv(2, Uint8Array.of(0), r.subarray(2));
    const signed = { tbs, algorithm, publicKey: parseSubjectPublicKey(key.spkiDer) };
    expect(await verifySignature({ ...signed, signature: der.sequence(r, s) })).toBe(true);
    for (const other of [
      Buffer.concat([Uint8Array.of(0x30, 0x81), signature.subarray(1)]),
      der.sequence(padded, s),
      der.sequence(r, s, der.nullValue()),
      der.sequence(r),
      der.setOf(r, s),
      Buffer.concat([signature, der.nullValue()]),
      new Uint8Array(),
    ]) {
      expect(await verifySignature({ ...signed, signature: other })).toBe(false);
      expect(verifySignatureSync({ ...signed, signature: other })).toBe(false);
    }
  });

  it('is false for an algorithm of another family of keys', async () => {
    const key = makeSigningKey('ec-p256');
    const publicKey = parseSubjectPublicKey(key.spkiDer);
    const algorithm = signatureAlgorithms.sha256WithRSAEncryption;
    const signed = { tbs, signature: key.sign(tbs), algorithm, publicKey };
    expect(await verifySignature(signed)).toBe(false);
    expect(verifySignatureSync(signed)).toBe(false);
  });
});
