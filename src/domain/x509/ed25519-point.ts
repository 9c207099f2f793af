/** Ed25519 points (RFC 8032 §5.1) for which lenient verifiers accept signatures although nobody holds a private key. */

/** y of the points of order 8, the other small ones are 0 (order 4), 1 (the identity) and p - 1 (order 2). */
const orderEight = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const p = 2n ** 255n - 19n;
const smallOrders = new Set([0n, 1n, p - 1n, orderEight, p - orderEight]);

/** True for the points of order 1, 2, 4, 8 in any sign, and for a y that is not reduced (RFC 8032 §5.1.3). */
export function hasSmallOrder(encoded: Uint8Array): boolean {
  const y = BigInt(`0x${Buffer.from(encoded).reverse().toString('hex')}`) & (2n ** 255n - 1n);
  return y >= p || smallOrders.has(y);
}
