/** The key derivation of PKCS#12 for its MAC (RFC 7292 appendix B) with SHA-256. */
import { createHmac } from 'node:crypto';
import { digest } from '../digest.ts';

/** SHA-256: u (output) and v (block) in octets. */
const [outputOctets, blockOctets] = [32, 64];
/** RFC 7292 §B.3: the diversifier of keys for a MAC. */
const macKeyId = 3;

export interface MacParameters {
  readonly salt: Uint8Array;
  readonly iterations: number;
}

/** HMAC-SHA-256 of `content` with the key that PKCS#12 derives from the password. */
export function pkcs12Mac(content: Uint8Array, password: string, { salt, iterations }: MacParameters): Uint8Array {
  return createHmac('sha256', macKey(password, salt, iterations))
    .update(content)
    .digest();
}

/** One block of output is a whole key for HMAC-SHA-256, so that step 6 of the derivation runs once. */
function macKey(password: string, salt: Uint8Array, iterations: number): Uint8Array {
  const diversifier = Buffer.alloc(blockOctets, macKeyId);
  let key = digest('sha256', Buffer.concat([diversifier, filled(salt), filled(bmpString(password))]));
  for (let round = 1; round < iterations; round++) key = digest('sha256', key);
  return key.subarray(0, outputOctets);
}

/** Repeated to fill whole blocks; nothing stays nothing (steps 2 and 3). */
function filled(octets: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(octets.length / blockOctets) * blockOctets, octets);
}

/** RFC 7292 §B.1: UTF-16 big-endian with a terminating NUL. */
const bmpString = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le').swap16();
