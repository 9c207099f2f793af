/** Lists that were made elsewhere, at the edges: who issued it, what is newer than what is served; the rest is judged with the import. */
import { describe, expect, it } from 'vitest';
import { decodePem } from '../../../src/domain/der/pem.ts';
import { type CrlToJudge, judgeCrl } from '../../../src/domain/policy/judge-crl.ts';
import { parseForeignCertificate } from '../../../src/domain/x509/certificate.ts';
import { parseForeignCrl } from '../../../src/domain/x509/read-crl.ts';
import { commonName } from '../../support/csr-builder.ts';
import { type CrlOptions, makeCorporateCa, makeCrl } from '../../support/external-chain.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { type TestCertificate, testNow } from '../../support/test-hierarchy.ts';

const { root } = makeCorporateCa(testNow);
const issuer = parseForeignCertificate(root.der);
const list = (options: Partial<CrlOptions> = {}, of: TestCertificate = root) =>
  parseForeignCrl(decodePem(makeCrl(of, { thisUpdate: testNow, ...options }), 'X509 CRL'));
const judge = (crl: CrlToJudge['crl'], override: Partial<CrlToJudge> = {}) =>
  judgeCrl({ crl, issuer, now: testNow, served: null, about: [], ...override });
const flaws = async (...judged: Parameters<typeof judge>) => (await judge(...judged)).map(({ code }) => code);

describe('a list is of its issuer', () => {
  it('by its name, whoever has the key', async () => {
    const renamed = list({}, { ...root, subjectDer: commonName('Another Root') });
    expect(await judge(renamed)).toMatchObject([
      { code: 'crlOfAnother', message: expect.stringContaining('Another authority'), value: 'CN=Another Root' },
    ]);
  });

  it('by its key identifier, where both have one', async () => {
    const other = list({}, { ...root, subjectKeyIdentifier: new Uint8Array(20) });
    const { subjectKeyIdentifier: _, ...unnamed } = issuer;
    expect(await judge(other)).toMatchObject([
      { code: 'crlOfAnother', message: expect.stringContaining('another key') },
    ]);
    expect(await flaws(other, { issuer: { ...unnamed, publicKey: issuer.publicKey } })).toEqual([]);
    expect(await flaws(list({ version: 1 }))).toEqual([]);
  });

  it('by its signature, which a key of another kind cannot have made', async () => {
    for (const key of [makeSigningKey(), makeSigningKey('rsa-2048')])
      expect(await flaws(list({ key }))).toEqual(['crlSignature']);
  });
});

describe('a list is in time', () => {
  it('from its thisUpdate to before its nextUpdate', async () => {
    const hour = list({ nextUpdate: testNow + 3600 });
    expect([await flaws(hour), await flaws(hour, { now: testNow + 3599 })]).toEqual([[], []]);
    expect(await judge(hour, { now: testNow - 1 })).toMatchObject([
      { code: 'crlNotYetValid', value: new Date(testNow * 1000).toISOString() },
    ]);
    expect(await judge(hour, { now: testNow + 3600 })).toMatchObject([
      { code: 'crlExpired', value: new Date((testNow + 3600) * 1000).toISOString() },
    ]);
  });
});

// RFC 5280 §5.2.3.
describe('beside the one that is served a list is newer', () => {
  const served = { crlNumber: 7n, thisUpdate: testNow - 60 };

  it('when its number is higher, and it was not made before', async () => {
    expect(await flaws(list({ crlNumber: 8, thisUpdate: testNow - 60 }), { served })).toEqual([]);
    expect(await flaws(list({ crlNumber: 7 }), { served })).toEqual(['crlOlder']);
    expect(await flaws(list({ crlNumber: 8, thisUpdate: testNow - 61 }), { served })).toEqual(['crlOlder']);
    expect(await flaws(list({ crlNumber: 6, thisUpdate: testNow - 61 }), { served })).toEqual(['crlOlder', 'crlOlder']);
  });

  it.each([
    ['it', { version: 1 } as const, served],
    ['the other', { crlNumber: 1 }, { thisUpdate: served.thisUpdate }],
    ['neither', { version: 1 } as const, { thisUpdate: served.thisUpdate }],
  ])('when %s has no number and it was made later', async (_, options, before) => {
    const judged = (thisUpdate: number) => flaws(list({ ...options, thisUpdate }), { served: before });
    expect([await judged(testNow - 59), await judged(testNow - 60)]).toEqual([[], ['crlOlder']]);
  });
});
