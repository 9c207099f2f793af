/** Port: the cryptographically secure random number generator. */

export interface Randomness {
  /** `length` fresh octets from the CSPRNG; never repeats, never blocks for long, never throws. */
  bytes(length: number): Uint8Array;
}
