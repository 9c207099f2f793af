/** Builds DER (X.690): every function returns one complete TLV, minimal by construction. */
import { contextTag, tag } from './tag.ts';

/** One TLV from its identifier octet and the concatenation of `parts`. */
export const tlv = (identifier: number, ...parts: readonly Uint8Array[]): Uint8Array => tlvOf(identifier, parts);

/** As `tlv`, for lists of any length: 100,000 arguments would exhaust the stack. */
export function tlvOf(identifier: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = octetsIn(parts);
  const out = new Uint8Array(headerOctets(length) + length);
  let position = putHeader(out, identifier, length);
  for (const part of parts) {
    out.set(part, position);
    position += part.length;
  }
  return out;
}

/** The same in pieces, to be parts of another TLV: that one copies them, and nothing did before. */
export function piecesOf(identifier: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = octetsIn(parts);
  const header = new Uint8Array(headerOctets(length));
  putHeader(header, identifier, length);
  return [header, ...parts];
}

function octetsIn(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

const headerOctets = (length: number): number => 2 + lengthOctets(length);

/** Those after the first (X.690 §8.1.3): none for a length below 128. */
const lengthOctets = (length: number): number =>
  length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;

/** Writes identifier and length; gives where the content begins. */
function putHeader(out: Uint8Array, identifier: number, length: number): number {
  const octets = lengthOctets(length);
  out[0] = identifier;
  out[1] = octets === 0 ? length : 0x80 | octets;
  for (let i = 0; i < octets; i++) out[1 + octets - i] = (length / 256 ** i) & 0xff;
  return 2 + octets;
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(tag.sequence, ...parts);

/** SET OF: components in ascending order of their encodings (X.690 §11.6). */
export const setOf = (...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(tag.set, ...parts.toSorted((a, b) => Buffer.compare(a, b)));

/** `[number] EXPLICIT`. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  tlv(contextTag(number, true), ...parts);

/** `[number] IMPLICIT` of a primitive type. */
export const implicit = (number: number, content: Uint8Array): Uint8Array => tlv(contextTag(number, false), content);

/** INTEGER from an unsigned big-endian magnitude; leading zeros are normalised. */
export function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const trimmed = magnitude.subarray(start);
  if (trimmed.length === 0) return tlv(tag.integer, zero);
  return trimmed[0]! >= 0x80 ? tlv(tag.integer, zero, trimmed) : tlv(tag.integer, trimmed);
}

const zero = new Uint8Array([0]);

/** INTEGER from a non-negative safe integer. */
export function smallInteger(value: number): Uint8Array {
  const hex = value.toString(16);
  return unsignedInteger(Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex'));
}

export const enumerated = (value: number): Uint8Array => tlv(tag.enumerated, new Uint8Array([value]));
export const boolean = (value: boolean): Uint8Array => tlv(tag.boolean, new Uint8Array([value ? 0xff : 0]));
export const nullValue = (): Uint8Array => tlv(tag.null);
export const octetString = (content: Uint8Array): Uint8Array => tlv(tag.octetString, content);

/** BIT STRING of whole octets (keys, signatures). */
export const bitString = (content: Uint8Array): Uint8Array => tlv(tag.bitString, zero, content);
export const bitStringPieces = (content: Uint8Array): readonly Uint8Array[] => piecesOf(tag.bitString, [zero, content]);

/** BIT STRING of a named bit list: bit 0 is the most significant, trailing zero bits removed (X.690 §11.2.2). */
export function namedBits(bits: readonly number[]): Uint8Array {
  const highest = Math.max(-1, ...bits);
  const content = new Uint8Array(1 + Math.ceil((highest + 1) / 8));
  for (const bit of bits) content[1 + (bit >> 3)]! |= 0x80 >> (bit & 7);
  content[0] = highest < 0 ? 0 : 7 - (highest & 7);
  return tlv(tag.bitString, content);
}

/** OBJECT IDENTIFIER from dotted form. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const content: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const octets = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      octets.unshift(0x80 | (left & 0x7f));
    content.push(...octets);
  }
  return tlv(tag.oid, new Uint8Array(content));
}

export const utf8String = (text: string): Uint8Array => tlv(tag.utf8String, Buffer.from(text, 'utf8'));
export const printableString = (text: string): Uint8Array => tlv(tag.printableString, Buffer.from(text, 'latin1'));
export const ia5String = (text: string): Uint8Array => tlv(tag.ia5String, Buffer.from(text, 'latin1'));

/** Time of a certificate or CRL: UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). `seconds` is Unix time. */
export function time(seconds: number): Uint8Array {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  // Two digits reach from 1950 through 2049 and no further.
  if (year < 1950 || year >= 2050) return generalizedTime(seconds);
  return tlv(tag.utcTime, digitPairs([year % 100, ...fromMonth(date)]));
}

/** GeneralizedTime whatever the year, as OCSP (RFC 6960 §4.2.1) and invalidityDate (RFC 5280 §5.3.2) want it. */
export function generalizedTime(seconds: number): Uint8Array {
  const date = new Date(seconds * 1000);
  const year = date.getUTCFullYear();
  return tlv(tag.generalizedTime, digitPairs([Math.floor(year / 100), year % 100, ...fromMonth(date)]));
}

const fromMonth = (date: Date): number[] => [
  date.getUTCMonth() + 1,
  date.getUTCDate(),
  date.getUTCHours(),
  date.getUTCMinutes(),
  date.getUTCSeconds(),
];

/** Two decimal digits each, then `Z`; NaN, a year before 0 or past 9999 is a RangeError, as with toISOString. */
function digitPairs(values: readonly number[]): Uint8Array {
  const content = new Uint8Array(values.length * 2 + 1);
  for (const [index, value] of values.entries()) {
    if (!(value >= 0 && value < 100)) throw new RangeError('not a time that DER can hold');
    content[index * 2] = 0x30 + Math.floor(value / 10);
    content[index * 2 + 1] = 0x30 + (value % 10);
  }
  content[content.length - 1] = 0x5a;
  return content;
}
