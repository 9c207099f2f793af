/** An RSA modulus modulo the small odd primes: what trial division and the ROCA fingerprint look at. */

/** The odd primes up to `limit`, in order. */
function oddPrimes(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 3; candidate <= limit; candidate += 2) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

/** Up to 751, as far as Let's Encrypt divides: their product has 1,040 bits, so one long division serves them all. */
export const smallPrimes: readonly number[] = oddPrimes(751);

/** Products of neighbouring primes that fit 32 bits, each with where its primes are. */
const groups = groupPrimes();
const product = groups.reduce((all, group) => all * BigInt(group.product), 1n);

interface PrimeGroup {
  product: number;
  readonly primes: number[];
}

function groupPrimes(): PrimeGroup[] {
  const list: PrimeGroup[] = [{ product: 1, primes: [] }];
  for (const prime of smallPrimes) {
    if (list.at(-1)!.product * prime >= 2 ** 32) list.push({ product: 1, primes: [] });
    const group = list.at(-1)!;
    group.product *= prime;
    group.primes.push(prime);
  }
  return list;
}

/** `modulus` modulo each of `smallPrimes`, in their order: three levels of division, big numbers only in the first. */
export function residuesOf(modulus: bigint): number[] {
  const remainder = modulus % product;
  return groups.flatMap((group) => {
    const part = Number(remainder % BigInt(group.product));
    return group.primes.map((prime) => part % prime);
  });
}
