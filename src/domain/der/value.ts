/** Reads the content of single DER elements into plain values: INTEGER, OID, BIT STRING, BOOLEAN, times (X.690 §8, §11). */
import { DerError } from './error.ts';
import type { DerElement, DerReader } from './reader.ts';
import { tag } from './tag.ts';

/** INTEGER content as bytes, minimal two's complement checked (X.690 §8.3.2). */
export function readIntegerBytes(reader: DerReader): Uint8Array {
  const element = reader.expect(tag.integer);
  checkInteger(reader.bytes, element);
  return reader.content(element);
}

/** A non-negative INTEGER that fits 31 bits; anything else is `badInteger`. */
export function readSmallInteger(reader: DerReader): number {
  const start = reader.position;
  const content = readIntegerBytes(reader);
  if (content.length > 4 || content[0]! >= 0x80) throw new DerError('badInteger', start);
  return content.reduce((value, octet) => value * 256 + octet, 0);
}

/** The content of `element`, whatever its tag: not empty, and without a needless first octet. */
export function checkInteger(bytes: Uint8Array, { start, contentStart, end }: DerElement): void {
  if (contentStart === end) throw new DerError('badInteger', start);
  if (contentStart + 1 === end) return;
  const padding = bytes[contentStart]!;
  const sign = bytes[contentStart + 1]! & 0x80;
  if ((padding === 0x00 && sign === 0) || (padding === 0xff && sign !== 0)) throw new DerError('badInteger', start);
}

/** OBJECT IDENTIFIER in dotted form; arcs wider than those of a UUID are refused as `badOid`. */
export function readOid(reader: DerReader): string {
  return decodeOid(reader.bytes, reader.expect(tag.oid));
}

/** Longest OID content read, in octets: those of Microsoft’s certificate templates, the longest in use, have about 40. */
const maxOidOctets = 64;

function decodeOid(bytes: Uint8Array, element: DerElement): string {
  checkOid(bytes, element);
  let dotted = '';
  let arc = 0;
  let start = element.contentStart;
  for (let i = start; i < element.end; i++) {
    const octet = bytes[i]!;
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    const exact = Number.isSafeInteger(arc) ? arc : wideArc(bytes.subarray(start, i + 1));
    dotted += dotted === '' ? firstArcs(exact, element.start) : `.${exact}`;
    arc = 0;
    start = i + 1;
  }
  return dotted;
}

const wideArc = (octets: Uint8Array): bigint => octets.reduce((sum, octet) => sum * 128n + BigInt(octet & 0x7f), 0n);

/** X.690 §8.19.4: the first subidentifier holds two arcs. */
function firstArcs(subidentifier: number | bigint, offset: number): string {
  if (typeof subidentifier === 'bigint') throw new DerError('badOid', offset);
  const root = Math.min(Math.floor(subidentifier / 40), 2);
  return `${root}.${subidentifier - root * 40}`;
}

/** Most octets of one subidentifier: 133 bits, so that the 128 of a UUID (X.667 §7, `2.25.…`) fit. */
const maxArcOctets = 19;

/** Throws `badOid` unless each subidentifier is whole, minimal (X.690 §8.19.2) and within bounds. */
export function checkOid(bytes: Uint8Array, { start, contentStart, end }: DerElement): void {
  if (contentStart === end || end - contentStart > maxOidOctets) throw new DerError('badOid', start);
  let octets = 0;
  for (let i = contentStart; i < end; i++) {
    const octet = bytes[i]!;
    if ((octets === 0 && octet === 0x80) || ++octets > maxArcOctets) throw new DerError('badOid', start);
    if (octet < 0x80) octets = 0;
  }
  if (octets !== 0) throw new DerError('badOid', start);
}

/** BOOLEAN, 0x00 or 0xff only (X.690 §11.1). */
export function readBoolean(reader: DerReader): boolean {
  const element = reader.expect(tag.boolean);
  checkBoolean(reader.bytes, element);
  return reader.bytes[element.contentStart] === 0xff;
}

export function checkBoolean(bytes: Uint8Array, { start, contentStart, end }: DerElement): void {
  const isTrueOrFalse = bytes[contentStart] === 0x00 || bytes[contentStart] === 0xff;
  if (end - contentStart !== 1 || !isTrueOrFalse) throw new DerError('badBoolean', start);
}

/** BIT STRING of whole octets: unused bits must be zero in number, as keys and signatures are. */
export function readOctetAlignedBitString(reader: DerReader): Uint8Array {
  const element = reader.expect(tag.bitString);
  const content = reader.content(element);
  if (content.length === 0 || content[0] !== 0) throw new DerError('badBitString', element.start);
  return content.subarray(1);
}

/** UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 allows them (seconds, `Z`, no fraction), in Unix seconds. */
export function readTime(reader: DerReader): number {
  return decodeTime(reader.bytes, reader.next());
}

export function decodeTime(bytes: Uint8Array, element: DerElement): number {
  const { start, contentStart, end } = element;
  const isUtcTime = element.tag === tag.utcTime;
  const isTime = isUtcTime || element.tag === tag.generalizedTime;
  const length = isUtcTime ? 13 : 15;
  if (!isTime || end - contentStart !== length || bytes[end - 1] !== 0x5a) throw new DerError('badTime', start);
  const two = (at: number) => twoDigits(bytes, contentStart + at, start);
  const year = isUtcTime ? century(two(0)) + two(0) : two(0) * 100 + two(2);
  const from = isUtcTime ? 2 : 4;
  const [month, day, hour, minute, second] = [two(from), two(from + 2), two(from + 4), two(from + 6), two(from + 8)];
  // Date.UTC takes years below 100 for 19YY.
  const inRange = year >= 100 && month >= 1 && month <= 12 && day >= 1 && hour < 24 && minute < 60 && second < 60;
  if (!inRange || day > daysIn(year, month)) throw new DerError('badTime', start);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

function twoDigits(bytes: Uint8Array, at: number, offset: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  if (!(tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9)) throw new DerError('badTime', offset);
  return tens * 10 + ones;
}

/** RFC 5280 §4.1.2.5.1: a two-digit year of 50 or more is 19YY. */
const century = (year: number): number => (year >= 50 ? 1900 : 2000);

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const isLeapFebruary = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return isLeapFebruary ? 29 : monthDays[month - 1]!;
}
