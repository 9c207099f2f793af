/** Walks a whole DER value once and refuses anything that is not the canonical encoding (X.690 §10, §11), within bounds. */
import { DerError } from './error.ts';
import { type DerElement, readHeader } from './reader.ts';
import { tag } from './tag.ts';
import { checkBoolean, checkInteger, checkOid, decodeTime } from './value.ts';

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
    if (element.tag < 0x40) checkPrimitive(bytes, element);
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

function checkPrimitive(bytes: Uint8Array, element: DerElement): void {
  switch (element.tag) {
    case tag.boolean:
      checkBoolean(bytes, element);
      return;
    case tag.integer:
    case tag.enumerated:
      checkInteger(bytes, element);
      return;
    case tag.bitString:
      checkBitString(bytes, element);
      return;
    case tag.null:
      if (element.contentStart !== element.end) throw new DerError('badNull', element.start);
      return;
    case tag.oid:
      checkOid(bytes, element);
      return;
    case tag.utcTime:
    case tag.generalizedTime:
      decodeTime(bytes, element);
      return;
    case tag.printableString:
      if (!isEvery(isPrintable, bytes, element)) throw new DerError('badString', element.start);
      return;
    case tag.ia5String:
      if (!isEvery(isAscii, bytes, element)) throw new DerError('badString', element.start);
      return;
    case tag.utf8String:
      checkUtf8(bytes, element);
  }
}

/** X.690 §11.2.1: unused bits are zero. */
function checkBitString(bytes: Uint8Array, { start, contentStart, end }: DerElement): void {
  const unused = contentStart === end ? undefined : bytes[contentStart]!;
  if (unused === undefined || unused > 7 || (end - contentStart === 1 && unused !== 0))
    throw new DerError('badBitString', start);
  if (unused > 0 && (bytes[end - 1]! & ((1 << unused) - 1)) !== 0) throw new DerError('badBitString', start);
}

/** ASCII is UTF-8, and by far the most of it; the decoder knows overlong forms and surrogates. */
function checkUtf8(bytes: Uint8Array, element: DerElement): void {
  if (isEvery(isAscii, bytes, element)) return;
  try {
    utf8.decode(bytes.subarray(element.contentStart, element.end));
  } catch {
    throw new DerError('badString', element.start);
  }
}

function isEvery(allows: (octet: number) => boolean, bytes: Uint8Array, { contentStart, end }: DerElement): boolean {
  for (let i = contentStart; i < end; i++) if (!allows(bytes[i]!)) return false;
  return true;
}

const isAscii = (octet: number): boolean => octet < 0x80;
const printable = new Set(
  Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?", 'latin1'),
);
const isPrintable = (octet: number): boolean => printable.has(octet);
