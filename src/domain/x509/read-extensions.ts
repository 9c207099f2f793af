/** Reads Extensions (RFC 5280 §4.1) and the values of those this project knows (§4.2), strictly. */
import { assertCanonicalDer } from '../der/canonical.ts';
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { contextTag, tag } from '../der/tag.ts';
import { readBoolean, readOid, readSmallInteger } from '../der/value.ts';
import { type BasicConstraints, type KeyUsageName, keyUsageBits } from './extensions.ts';
import { decodeGeneralName } from './general-name.ts';
import { malformed } from './malformed.ts';

export interface Extension {
  readonly critical: boolean;
  /** Content of extnValue: one canonical DER value, with nothing behind it. */
  readonly value: Uint8Array;
}

/** By dotted OID, in their order. */
export type Extensions = ReadonlyMap<string, Extension>;

/** A SEQUENCE OF Extension, at least one, none twice (RFC 5280 §4.2). `what` names the structure in errors. */
export function readExtensions(reader: DerReader, what: string): Extensions {
  const extensions = new Map<string, Extension>();
  const list = reader.enterSequence();
  while (!list.atEnd) {
    const fields = list.enterSequence();
    const extnId = readOid(fields);
    const critical = fields.peekTag() === tag.boolean && readCriticalTrue(fields, what);
    const value = fields.content(fields.expect(tag.octetString));
    fields.expectEnd();
    if (extensions.has(extnId)) throw malformed(what, 'repeats an extension');
    assertCanonicalDer(value);
    extensions.set(extnId, { critical, value });
  }
  if (extensions.size === 0) throw malformed(what, 'has an empty list of extensions');
  return extensions;
}

/** X.690 §11.5: FALSE is the DEFAULT, so an encoded value is TRUE. */
function readCriticalTrue(fields: DerReader, what: string): true {
  if (!readBoolean(fields)) throw malformed(what, 'encodes the default of critical');
  return true;
}

/** RFC 5280 §4.2, RFC 6960 §4.4: a critical extension that is not understood may not be passed over. */
export function refuseUnknownCritical(extensions: Extensions, known: readonly string[], what: string): void {
  for (const [oid, { critical }] of extensions) {
    if (critical && !known.includes(oid)) throw malformed(what, 'has a critical extension that is not understood');
  }
}

/** RFC 5280 §4.2.1.9. */
export function decodeBasicConstraints(value: Uint8Array): BasicConstraints {
  const fields = new DerReader(value).enterSequence();
  const ca = fields.peekTag() === tag.boolean && readCriticalTrue(fields, 'basicConstraints');
  const pathLen = fields.atEnd ? undefined : readSmallInteger(fields);
  fields.expectEnd();
  return pathLen === undefined ? { ca } : { ca, pathLen };
}

const keyUsageNames = Object.keys(keyUsageBits) as readonly KeyUsageName[];

/** RFC 5280 §4.2.1.3: at least one of nine bits, without trailing zero bits (X.690 §11.2.2). */
export function decodeKeyUsage(value: Uint8Array): readonly KeyUsageName[] {
  const reader = new DerReader(value);
  const bits = reader.content(reader.expect(tag.bitString));
  const bitCount = (bits.length - 1) * 8 - bits[0]!;
  const isSet = (bit: number): boolean => (bits[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0;
  if (bitCount < 1 || bitCount > keyUsageNames.length || !isSet(bitCount - 1)) throw new DerError('badBitString', 0);
  return keyUsageNames.filter((name) => keyUsageBits[name] < bitCount && isSet(keyUsageBits[name]));
}

/** RFC 5280 §4.2.1.12: dotted OIDs, at least one. */
export function decodeExtKeyUsage(value: Uint8Array): readonly string[] {
  return atLeastOne('extKeyUsage', value, readOid);
}

/** A name of a kind this CA does not issue is told as `other`. */
export type ReadGeneralName = ReturnType<typeof decodeGeneralName>;

/** RFC 5280 §4.2.1.6: at least one name. */
export function decodeSubjectAltName(value: Uint8Array): readonly ReadGeneralName[] {
  return atLeastOne('subjectAltName', value, decodeGeneralName);
}

function atLeastOne<T>(what: string, value: Uint8Array, read: (list: DerReader) => T): readonly T[] {
  const list = new DerReader(value).enterSequence();
  const items: T[] = [];
  while (!list.atEnd) items.push(read(list));
  if (items.length === 0) throw malformed(what, 'is empty');
  return items;
}

/** RFC 5280 §4.2.1.2. */
export function decodeSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const reader = new DerReader(value);
  return reader.content(reader.expect(tag.octetString));
}

/** keyIdentifier of RFC 5280 §4.2.1.1, undefined when only issuer and serial are there. */
export function decodeAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const fields = new DerReader(value).enterSequence();
  const keyIdentifier = fields.optional(contextTag(0, false));
  fields.optional(contextTag(1, true));
  fields.optional(contextTag(2, false));
  fields.expectEnd();
  return keyIdentifier && fields.content(keyIdentifier);
}
