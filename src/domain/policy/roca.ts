/** ROCA (CVE-2017-15361; Nemec et al. 2017 §2): the fingerprint that Infineon's RSALib left in every RSA modulus. */
import { smallPrimes } from './rsa-residues.ts';

/** Such a modulus is a power of 65537 modulo the product of at least the primes up to 167. */
const generator = 65537;
const largestPrime = 167;

interface DiscreteLogarithms {
  readonly order: number;
  /** Exponent for each residue that is a power of the generator. */
  readonly exponents: ReadonlyMap<number, number>;
}

/** One table a prime, made at the first RSA key: a service for EC keys never needs them. */
let tables: readonly DiscreteLogarithms[] | undefined;

function discreteLogarithms(prime: number): DiscreteLogarithms {
  const exponents = new Map<number, number>();
  for (let power = 1; !exponents.has(power); power = (power * (generator % prime)) % prime) {
    exponents.set(power, exponents.size);
  }
  return { order: exponents.size, exponents };
}

/** `residues` of the modulus by `smallPrimes`. One common exponent for all primes is a certain sign: chance is below 2^-100. */
export function hasRocaFingerprint(residues: readonly number[]): boolean {
  tables ??= smallPrimes.filter((prime) => prime <= largestPrime).map(discreteLogarithms);
  const seen: { exponent: number; order: number }[] = [];
  for (const [index, { order, exponents }] of tables.entries()) {
    const exponent = exponents.get(residues[index]!);
    if (exponent === undefined) return false;
    // Chinese remainders: exponents fit together when each two agree modulo the common divisor of their orders.
    if (seen.some((other) => (exponent - other.exponent) % commonDivisor(order, other.order) !== 0)) return false;
    seen.push({ exponent, order });
  }
  return true;
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
