import { verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openDebianWeakKeys } from '../../../src/adapters/csr-reader/debian-weak-keys.ts';
import { decodePem } from '../../../src/domain/der/pem.ts';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { builtinProfiles } from '../../../src/domain/policy/builtin-profiles.ts';
import { compileProfile, prepareCertificate } from '../../../src/domain/policy/prepare-certificate.ts';
import { type Csr, parseCsr, verifyCsr } from '../../../src/domain/x509/csr.ts';
import { signatureAlgorithms } from '../../../src/domain/x509/signature-algorithm.ts';
import { selfSignedWithoutKey } from '../../fixtures/bad-csr/weak-moduli.ts';
import { badCsrs } from '../../fixtures/bad-csr.ts';
import { buildCsr, commonName } from '../../support/csr-builder.ts';
import { testNow } from '../../support/test-hierarchy.ts';

const isKnownWeakKey = openDebianWeakKeys();

/** The demo product as the first run makes it, under its default profile. */
function prepareForDemo(csr: Csr): void {
  const profile = builtinProfiles('dev', 'dev-issuing').find(({ name }) => name === 'peer')!;
  const issuer = {
    authority: 'dev-issuing',
    certificateSerial: '01',
    subjectDer: commonName('dev-issuing'),
    subjectKeyIdentifier: new Uint8Array(20),
    notBefore: testNow - 3600,
    notAfter: testNow + 1e9,
    signatureAlgorithm: signatureAlgorithms['ecdsa-with-SHA256'],
    urls: { crl: 'http://ca.test/crl', ocsp: 'http://ca.test/ocsp', aia: 'http://ca.test/aia' },
  };
  const product = {
    id: 'dev/demo',
    environment: 'dev',
    version: 1,
    nameRules: [
      { kind: 'exact', value: 'demo.dev.internal' },
      { kind: 'subdomain', value: 'demo.dev.internal' },
    ] as const,
    profiles: ['peer'],
    contacts: [],
    alerts: 'all' as const,
    createdAt: 0,
  };
  prepareCertificate(compileProfile(profile, issuer), { product, csr, now: testNow, serial: '01'.repeat(20) });
}

type Judgement = { code: string; reasons: string[] } | 'accepted';

async function judge(csr: Uint8Array | string, also?: (csr: Csr) => void): Promise<Judgement> {
  try {
    const der = typeof csr === 'string' ? decodePem(csr, 'CERTIFICATE REQUEST') : csr;
    const parsed = parseCsr(der, isKnownWeakKey);
    await verifyCsr(parsed);
    also?.(parsed);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    return { code: error.code, reasons: error.reasons.map(({ code }) => code) };
  }
}

describe('the catalogue of bad CSRs', () => {
  it('would find nothing wrong with the CSR that every flaw is put into', async () => {
    expect(await judge(buildCsr(), prepareForDemo)).toBe('accepted');
  });

  it.each(badCsrs.filter(({ judgedBy }) => judgedBy === 'form'))(
    'bad input $number is refused for its form: $flaw',
    async ({ make, expected }) => {
      expect(await judge(make())).toEqual(expected);
    },
  );

  it.each(badCsrs.filter(({ judgedBy }) => judgedBy === 'policy'))(
    'bad input $number is well formed, and not for the demo product: $flaw',
    async ({ make, expected }) => {
      const der = make() as Uint8Array;
      expect(await judge(der)).toBe('accepted');
      expect(await judge(der, prepareForDemo)).toEqual(expected);
    },
  );

  it('covers every number that concerns a CSR alone', () => {
    // 34 needs an inventory that knows whose keys there are.
    const wanted = Array.from({ length: 35 }, (_, i) => i + 1).filter((number) => number !== 34);
    expect([...new Set(badCsrs.map(({ number }) => number))]).toEqual(wanted);
  });

  it('holds nothing that is larger than a body may be, but for the one that is about size', () => {
    const large = badCsrs.filter(({ make }) => make().length > 64 * 1024);
    expect(large.map(({ expected }) => expected.reasons)).toEqual([['tooLarge']]);
  });

  it('has an e = 1 signature that node:crypto does accept, so the key rules must come first', () => {
    const fields = new DerReader(selfSignedWithoutKey()).enterSequence();
    const info = fields.expect(0x30);
    fields.expect(0x30);
    const signature = fields.content(fields.expect(0x03)).subarray(1);
    const inner = fields.inside(info);
    inner.next();
    inner.next();
    const spki = Buffer.from(inner.whole(inner.next()));
    const key = { key: spki, format: 'der', type: 'spki' } as const;
    expect(verify('sha256', fields.whole(info), key, signature)).toBe(true);
  });
});
