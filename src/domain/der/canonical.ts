/** Walks a whole DER value once and refuses anything that is not the canonical encoding (X.690 §10, §11), within bounds. */
import { DerError } from './error.ts';
import { type DerElement, readHeader } from './reader.ts';
import { tag } from './tag.ts';
import { checkInteger, checkOid, decodeTime } from './value.ts';

const maxDepth = 16;
const maxElements = 4096;
const constructed = 0x20;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws DerError unless `bytes` is exactly one canonical DER value. Context-tagged primitives are opaque. */
export function assertCanonicalDer(bytes: Uint8Array): void {
  const walk = { elements: 0 };
  const end = walkElement(bytes, 0, bytes.length, 0, walk);
  if (end !== bytes.length) throw new DerError('trailingBytes', end);
}

function walkElement(
  bytes: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  walk: { elements: number },
): number {
  if (depth > maxDepth) throw new DerError('tooDeep', start);
  if (++walk.elements > maxElements) throw new DerError('tooManyElements', start);
  const element = readHeader(bytes, start, limit);
  checkForm(element);
  if ((element.tag & constructed) === 0) {
    if (element.tag < 0x40) checkPrimitive(element, bytes.subarray(element.contentStart, element.end));
    return element.end;
  }
  let position = element.contentStart;
  let previous: Uint8Array | undefined;
  while (position < element.end) {
    const childStart = position;
    position = walkElement(bytes, childStart, element.end, depth + 1, walk);
    if (element.tag !== tag.set) continue;
    const child = bytes.subarray(childStart, position);
    // X.690 §11.6: SET OF components ascend; equal ones may repeat here, each grammar decides on duplicates.
    if (previous && Buffer.compare(previous, child) > 0) throw new DerError('unsortedSet', childStart);
    previous = child;
  }
  return element.end;
}

/** Universal SEQUENCE and SET are constructed, every other universal type is primitive in DER (X.690 §10.2). */
function checkForm(element: DerElement): void {
  if (element.tag >= 0x40) return;
  const number = element.tag & 0x1f;
  const mustBeConstructed = number === 0x10 || number === 0x11;
  if (((element.tag & constructed) !== 0) !== mustBeConstructed) throw new DerError('wrongForm', element.start);
}

function checkPrimitive(element: DerElement, content: Uint8Array): void {
  const at = element.start;
  switch (element.tag) {
    case tag.boolean:
      if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw new DerError('badBoolean', at);
      return;
    case tag.integer:
    case tag.enumerated:
      checkInteger(content, at);
      return;
    case tag.bitString:
      checkBitString(content, at);
      return;
    case tag.null:
      if (content.length !== 0) throw new DerError('badNull', at);
      return;
    case tag.oid:
      checkOid(content, at);
      return;
    case tag.utcTime:
    case tag.generalizedTime:
      decodeTime(element, content);
      return;
    case tag.printableString:
      if (!content.every(isPrintable)) throw new DerError('badString', at);
      return;
    case tag.ia5String:
      if (!content.every(isAscii)) throw new DerError('badString', at);
      return;
    case tag.utf8String:
      checkUtf8(content, at);
  }
}

/** X.690 §11.2.1: unused bits are zero. */
function checkBitString(content: Uint8Array, at: number): void {
  const unused = content[0];
  if (unused === undefined || unused > 7 || (content.length === 1 && unused !== 0))
    throw new DerError('badBitString', at);
  if (unused > 0 && (content[content.length - 1]! & ((1 << unused) - 1)) !== 0) throw new DerError('badBitString', at);
}

/** ASCII is UTF-8, and by far the most of it; the decoder knows overlong forms and surrogates. */
function checkUtf8(content: Uint8Array, at: number): void {
  if (content.every(isAscii)) return;
  try {
    utf8.decode(content);
  } catch {
    throw new DerError('badString', at);
  }
}

const isAscii = (octet: number): boolean => octet < 0x80;
const printable = new Set(
  Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?", 'latin1'),
);
const isPrintable = (octet: number): boolean => printable.has(octet);
