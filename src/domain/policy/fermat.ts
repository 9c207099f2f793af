/** Fermat factorisation (CVE-2022-26320): finds the factors of a modulus whose primes lie too close together. */

/** As Let's Encrypt does: primes of an honest generator are out of reach for any number of rounds. */
const rounds = 100;

/** True if n = a² - b² for one of the first hundred a from the root of n upwards. `n` is odd. */
export function hasCloseFactors(n: bigint): boolean {
  let a = squareRoot(n);
  if (a * a === n) return true;
  a += 1n;
  let bSquared = a * a - n;
  for (let round = 0; round < rounds; round++) {
    if (isSquare(bSquared)) return true;
    bSquared += 2n * a + 1n;
    a += 1n;
  }
  return false;
}

/** Squares modulo 64, 63 and 65: together they let about one number in a hundred through to the root. */
const residueSets = [64, 63, 65].map((modulus) => {
  const squares = new Set(Array.from({ length: modulus }, (_, i) => (i * i) % modulus));
  return { modulus, squares };
});
const wheel = 64n * 63n * 65n;

function isSquare(value: bigint): boolean {
  const small = Number(value % wheel);
  if (!residueSets.every(({ modulus, squares }) => squares.has(small % modulus))) return false;
  const root = squareRoot(value);
  return root * root === value;
}

/** Largest integer whose square is not above `value`: Newton's method from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
