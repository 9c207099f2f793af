import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hasCloseFactors } from '../../../src/domain/policy/fermat.ts';
import { checkKeyRules } from '../../../src/domain/policy/key-rules.ts';
import { hasRocaFingerprint } from '../../../src/domain/policy/roca.ts';
import { residuesOf, smallPrimes } from '../../../src/domain/policy/rsa-residues.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { parseSubjectPublicKey } from '../../../src/domain/x509/public-key.ts';
import { debianModulus, realRocaModulus, rocaModulus } from '../../fixtures/bad-csr/weak-moduli.ts';
import { makeSigningKey } from '../../support/signing-key.ts';

const neverKnown = (): boolean => false;
const big = (octets: Uint8Array): bigint => BigInt(`0x${Buffer.from(octets).toString('hex')}`);
const rsa = (modulus: Uint8Array, exponent = Uint8Array.of(1, 0, 1)) => ({
  family: 'rsa' as const,
  keyType: 'rsa-2048',
  kind: 'rsa' as const,
  spkiDer: new Uint8Array(),
  rsa: { modulus, exponent, bits: 2048 },
});

describe('the key rules', () => {
  it.each<KeyType>(['ec-p256', 'ec-p384', 'ec-p521', 'ed25519', 'rsa-2048'])('let an honest %s key pass', (type) => {
    const key = parseSubjectPublicKey(makeSigningKey(type).spkiDer);
    expect(key.keyType).toBe(type);
    expect(checkKeyRules(key, neverKnown)).toEqual([]);
  });

  it('tell everything that is wrong with a key at once', () => {
    const reasons = checkKeyRules(rsa(debianModulus, Uint8Array.of(3)), () => true);
    expect(reasons.map(({ code }) => code)).toEqual(['rsaExponent', 'weakKeyDebian']);
  });

  it('ask the list of known keys for the modulus itself', () => {
    const asked: Uint8Array[] = [];
    checkKeyRules(rsa(debianModulus), (modulus) => asked.push(modulus) > 1);
    expect(asked).toEqual([debianModulus]);
  });
});

describe('residuesOf', () => {
  it('agrees with plain division by each of the 132 primes', () => {
    const n = big(randomBytes(256));
    expect(smallPrimes).toHaveLength(132);
    expect(smallPrimes.at(-1)).toBe(751);
    expect(residuesOf(n)).toEqual(smallPrimes.map((prime) => Number(n % BigInt(prime))));
  });
});

describe('the ROCA fingerprint', () => {
  it('is found on a modulus that such a chip made, and on one made by the formula', () => {
    expect(hasRocaFingerprint(residuesOf(big(realRocaModulus)))).toBe(true);
    expect(hasRocaFingerprint(residuesOf(big(rocaModulus())))).toBe(true);
  });

  it('is not found when each prime fits by itself, but no common exponent does', () => {
    // 65537^1 modulo 3 to 163 and 65537^2 modulo 167: the orders modulo 83 and 167 share a factor.
    const residues = smallPrimes.map((prime) => (prime === 167 ? 65537 ** 2 % prime : 65537 % prime));
    expect(hasRocaFingerprint(smallPrimes.map((prime) => 65537 % prime))).toBe(true);
    expect(hasRocaFingerprint(residues)).toBe(false);
  });
});

describe("Fermat's method", () => {
  const p = (1n << 1023n) + 1155n;

  it.each([
    ['equal', 0n],
    ['2 apart', 2n],
    ['2^500 apart', 1n << 500n],
    // a exceeds the root of n by d²/8p: the hundredth round reaches d below 2^(512 + 4.8).
    ['2^516 apart', 1n << 516n],
  ])('finds factors that are %s', (_, distance) => {
    expect(hasCloseFactors(p * (p + distance))).toBe(true);
  });

  it('gives up on factors further apart', () => {
    expect(hasCloseFactors(p * (p + (1n << 518n)))).toBe(false);
  });
});
