import { verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openDebianWeakKeys } from '../../../src/adapters/debian-weak-keys/open-debian-weak-keys.ts';
import { decodePem } from '../../../src/domain/der/pem.ts';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseCsr, verifyCsr } from '../../../src/domain/x509/csr.ts';
import { selfSignedWithoutKey } from '../../fixtures/bad-csr/weak-moduli.ts';
import { badCsrs } from '../../fixtures/bad-csr.ts';

const isKnownWeakKey = openDebianWeakKeys();

function judge(csr: Uint8Array | string): { code: string; reasons: string[] } | 'accepted' {
  try {
    const der = typeof csr === 'string' ? decodePem(csr, 'CERTIFICATE REQUEST') : csr;
    verifyCsr(parseCsr(der, isKnownWeakKey));
    return 'accepted';
  } catch (error) {
    if (!(error instanceof CaError)) throw error;
    return { code: error.code, reasons: error.reasons.map(({ code }) => code) };
  }
}

describe('the catalogue of bad CSRs', () => {
  it.each(badCsrs.filter(({ judgedBy }) => judgedBy === 'form'))(
    'bad input $number is refused for its form: $flaw',
    ({ make, expected }) => {
      expect(judge(make())).toEqual(expected);
    },
  );

  it.each(badCsrs.filter(({ judgedBy }) => judgedBy === 'policy'))(
    'bad input $number is well formed, so that policy decides: $flaw',
    ({ make }) => {
      expect(judge(make())).toBe('accepted');
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
