/** Reads the content of single DER elements into plain values: INTEGER, OID, BIT STRING, BOOLEAN, times (X.690 §8, §11). */
import { DerError } from './error.ts';
import type { DerElement, DerReader } from './reader.ts';
import { tag } from './tag.ts';

/** INTEGER content as bytes, minimal two's complement checked (X.690 §8.3.2). */
export function readIntegerBytes(reader: DerReader): Uint8Array {
  const element = reader.expect(tag.integer);
  const content = reader.content(element);
  checkInteger(content, element.start);
  return content;
}

/** A non-negative INTEGER that fits 31 bits; anything else is `badInteger`. */
export function readSmallInteger(reader: DerReader): number {
  const start = reader.position;
  const content = readIntegerBytes(reader);
  if (content.length > 4 || content[0]! >= 0x80) throw new DerError('badInteger', start);
  return content.reduce((value, octet) => value * 256 + octet, 0);
}

export function checkInteger(content: Uint8Array, offset: number): void {
  if (content.length === 0) throw new DerError('badInteger', offset);
  if (content.length === 1) return;
  const padding = content[0]!;
  const sign = content[1]! & 0x80;
  if ((padding === 0x00 && sign === 0) || (padding === 0xff && sign !== 0)) throw new DerError('badInteger', offset);
}

/** OBJECT IDENTIFIER in dotted form; arcs above 2^53 are refused as `badOid`. */
export function readOid(reader: DerReader): string {
  const element = reader.expect(tag.oid);
  return decodeOid(reader.content(element), element.start);
}

/** Longest OID content read, in octets: the longest in use is under 20, X.509 knows none above 32. */
const maxOidOctets = 32;

export function decodeOid(content: Uint8Array, offset: number): string {
  if (content.length === 0 || content.length > maxOidOctets) throw new DerError('badOid', offset);
  const arcs: number[] = [];
  let arc = 0;
  for (let i = 0; i < content.length; i++) {
    const octet = content[i]!;
    // X.690 §8.19.2: the leading octet of a subidentifier is never 0x80.
    if (arc === 0 && octet === 0x80) throw new DerError('badOid', offset);
    if (arc > 2 ** 45) throw new DerError('badOid', offset);
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) {
      if (i === content.length - 1) throw new DerError('badOid', offset);
      continue;
    }
    arcs.push(arc);
    arc = 0;
  }
  const first = arcs[0]!;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...arcs.slice(1)].join('.');
}

/** BOOLEAN, 0x00 or 0xff only (X.690 §11.1). */
export function readBoolean(reader: DerReader): boolean {
  const element = reader.expect(tag.boolean);
  const content = reader.content(element);
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff))
    throw new DerError('badBoolean', element.start);
  return content[0] === 0xff;
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
  const element = reader.next();
  return decodeTime(element, reader.content(element));
}

export function decodeTime(element: DerElement, content: Uint8Array): number {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  const full = element.tag === tag.utcTime ? century(text) + text : text;
  const isTime = element.tag === tag.utcTime || element.tag === tag.generalizedTime;
  if (!isTime || !/^\d{14}Z$/.test(full)) throw new DerError('badTime', element.start);
  const part = (from: number, to: number) => Number(full.slice(from, to));
  const ms = Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12), part(12, 14));
  const iso = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  // Date.UTC rolls 31 February over instead of refusing it.
  if (`${iso}Z` !== full) throw new DerError('badTime', element.start);
  return ms / 1000;
}

/** RFC 5280 §4.1.2.5.1: a two-digit year of 50 or more is 19YY. */
const century = (utcTime: string): string => (Number(utcTime.slice(0, 2)) >= 50 ? '19' : '20');
