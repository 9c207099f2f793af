/** OpenSSL's CSPRNG as the Randomness port: seeded by the kernel, reseeded by itself. */
import { randomBytes } from 'node:crypto';
import type { Randomness } from '../ports/randomness.ts';

export const systemRandomness: Randomness = {
  bytes: (length) => randomBytes(length),
};
