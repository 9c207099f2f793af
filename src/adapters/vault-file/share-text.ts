/**
 * A share of the passphrase as people keep and type it: groups of base32 that name its set and its place, with a checksum
 * against mistakes.
 */
import { hash } from 'node:crypto';

export interface Share {
  /** 8 hex digits, the same in all shares that were made together. */
  readonly set: string;
  /** How many shares of the set give the passphrase. */
  readonly threshold: number;
  /** Octets of the scheme, the last of which is the place of the share, from 1 to 255. */
  readonly octets: Uint8Array;
}

/** Why a line is no share. */
export type ShareFault = 'notAShare' | 'mistyped';

/** Crockford's: no I, L, O and U, which are misread or make words. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const version = 1;
const headLength = 6;
const checksumLength = 4;
const groupLength = 5;
/** Digits of a share of one octet. */
const shortest = Math.ceil(((headLength + 2 + checksumLength) * 8) / 5);

/** `PVS` and a version; then set, threshold, the scheme's octets, and the checksum of all that. */
export function formatShare({ set, threshold, octets }: Share): string {
  const body = Buffer.concat([Buffer.from([version]), Buffer.from(set, 'hex'), Buffer.from([threshold]), octets]);
  const text = toBase32(Buffer.concat([body, checksum(body)]));
  return text.match(new RegExp(`.{1,${groupLength}}`, 'g'))?.join('-') ?? '';
}

/** Forgives case, blanks, hyphens, and the letters that are taken for digits; nothing else. */
export function parseShare(line: string): Share | ShareFault {
  const text = line.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  if (text.length < shortest || ![...text].every((character) => alphabet.includes(character))) return 'notAShare';
  const octets = fromBase32(text);
  if (octets?.[0] !== version) return 'mistyped';
  const body = octets.subarray(0, octets.length - checksumLength);
  if (!checksum(body).equals(octets.subarray(body.length))) return 'mistyped';
  return { set: body.toString('hex', 1, 5), threshold: body[5]!, octets: Uint8Array.from(body.subarray(headLength)) };
}

/** The place of a share in its set. */
export const placeOf = ({ octets }: Share): number => octets.at(-1) ?? 0;

/** Against mistakes, not against people: 32 bits let one in four billion mistyped shares through. */
const checksum = (body: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from('privyseal share\n'), body]), 'buffer').subarray(0, checksumLength);

function toBase32(octets: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const octet of octets) {
    value = (value << 8) | octet;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31];
    value &= 255;
  }
  return bits === 0 ? text : text + alphabet[(value << (5 - bits)) & 31];
}

/** Digits only. Undefined for bits beyond the last octet that are not zero: each share has one spelling. */
function fromBase32(text: string): Buffer | undefined {
  const octets: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of text) {
    value = ((value << 5) | alphabet.indexOf(character)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets.push((value >> bits) & 255);
  }
  return bits < 5 && (value & ((1 << bits) - 1)) === 0 ? Buffer.from(octets) : undefined;
}
