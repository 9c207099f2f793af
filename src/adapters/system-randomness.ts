/** OpenSSL's CSPRNG as the Randomness port: seeded by the kernel, reseeded by itself. */
import { randomFillSync } from 'node:crypto';
import type { Randomness } from '../ports/randomness.ts';

/** A call of the CSPRNG costs 15 us however little it gives, so that small wishes are met from one that gave more. */
const reserve = Buffer.alloc(4096);
const small = 64;
let used = reserve.length;

export const systemRandomness: Randomness = {
  bytes(length) {
    if (length > small) return randomFillSync(new Uint8Array(length));
    if (used + length > reserve.length) {
      randomFillSync(reserve);
      used = 0;
    }
    const given = Uint8Array.from(reserve.subarray(used, used + length));
    // What was given away is nobody else's to read here.
    reserve.fill(0, used, used + length);
    used += length;
    return given;
  },
};
