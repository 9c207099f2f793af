/** The list of RSA moduli that Debian's OpenSSL could make (CVE-2008-0166), looked up in a file: no memory, no start-up time. */
import { hash } from 'node:crypto';
import { fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import type { IsKnownWeakKey } from '../../domain/policy/known-weak-keys.ts';

/**
 * moduli.bin holds the first 48 bits of the SHA-256 of each modulus, in order. An index of 65,536 big-endian 32-bit
 * numbers says where the tails of each 16-bit prefix end; the tails of 32 bits each follow. An honest key meets one of
 * the 1.2 million entries with a chance of 4 in 10^9.
 */
const file = join(import.meta.dirname, 'moduli.bin');
const prefixes = 65_536;
const indexOctets = prefixes * 4;
const tailOctets = 4;

/** Opens the list and keeps it open. Two small reads of cached pages for each key asked about. */
export function openDebianWeakKeys(path: string = file): IsKnownWeakKey {
  const descriptor = openSync(path, 'r');
  const entries = readNumber(descriptor, indexOctets - 4);
  if (fstatSync(descriptor).size !== indexOctets + entries * tailOctets) {
    throw new StartError('homeDamaged', `The list of weak keys, ${path}, is damaged: install the program again.`);
  }
  return (modulus) => {
    const digest = hash('sha256', modulus, 'buffer');
    const prefix = digest.readUInt16BE(0);
    const first = prefix === 0 ? 0 : readNumber(descriptor, (prefix - 1) * 4);
    const tails = Buffer.alloc((readNumber(descriptor, prefix * 4) - first) * tailOctets);
    readSync(descriptor, tails, 0, tails.length, indexOctets + first * tailOctets);
    const wanted = digest.readUInt32BE(2);
    for (let at = 0; at < tails.length; at += tailOctets) if (tails.readUInt32BE(at) === wanted) return true;
    return false;
  };
}

function readNumber(descriptor: number, position: number): number {
  const octets = Buffer.alloc(4);
  readSync(descriptor, octets, 0, 4, position);
  return octets.readUInt32BE(0);
}
