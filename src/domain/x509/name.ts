/** X.501 names (RFC 5280 §4.1.2.4): DER in and out, the rules for a requested subject, and RFC 4514 text for people. */
import { DerError } from '../der/error.ts';
import { DerReader } from '../der/reader.ts';
import { tag } from '../der/tag.ts';
import { readOid } from '../der/value.ts';
import { sequence, setOf } from '../der/writer.ts';
import { type AttributeTypeName, attributeTypes, findAttributeType } from './attribute-type.ts';
import { oidDer } from './oid-der.ts';

export interface NameAttribute {
  /** Dotted. */
  readonly oid: string;
  readonly value: string;
}

export interface DistinguishedName {
  /** The whole Name, a view of what was read. */
  readonly der: Uint8Array;
  /** In the order of the DER, which is from the top down. */
  readonly attributes: readonly NameAttribute[];
  /** True if any RDN holds several attributes. */
  readonly multiValued: boolean;
  /** True if it has a string type that RFC 5280 §4.1.2.4 leaves to names that there were before it. */
  readonly retired: boolean;
}

/** A Name with one attribute in each RDN, in the order given. */
export function encodeName(
  attributes: readonly { readonly type: AttributeTypeName; readonly value: string }[],
): Uint8Array {
  const rdns = attributes.map(({ type, value }) => setOf(sequence(oidDer[type], attributeTypes[type].encode(value))));
  return sequence(...rdns);
}

/** Reads canonical DER; throws DerError for another structure, or a type that holds no text. */
export function decodeName(der: Uint8Array): DistinguishedName {
  const attributes: NameAttribute[] = [];
  const rdns = readRdns(der);
  let retired = false;
  for (const rdn of rdns) {
    for (const { oid, value, valueDer } of rdn) {
      attributes.push({ oid, value });
      retired ||= retiredTypes.has(valueDer[0]!);
    }
  }
  return { der, attributes, multiValued: rdns.length !== attributes.length, retired };
}

const retiredTypes: ReadonlySet<number> = new Set([tag.teletexString, tag.bmpString]);

interface RawAttribute extends NameAttribute {
  /** The value's whole TLV. */
  readonly valueDer: Uint8Array;
}

function readRdns(der: Uint8Array): RawAttribute[][] {
  const outer = new DerReader(der);
  const rdnSequence = outer.enterSequence();
  outer.expectEnd();
  const rdns: RawAttribute[][] = [];
  while (!rdnSequence.atEnd) {
    const set = rdnSequence.enter(tag.set);
    const rdn: RawAttribute[] = [];
    do rdn.push(readAttribute(set.enterSequence()));
    while (!set.atEnd);
    rdns.push(rdn);
  }
  return rdns;
}

function readAttribute(fields: DerReader): RawAttribute {
  const attributeOid = readOid(fields);
  const element = fields.next();
  fields.expectEnd();
  const valueDer = fields.whole(element);
  switch (element.tag) {
    case tag.utf8String:
      return { oid: attributeOid, value: fields.text(element, 'utf8'), valueDer };
    case tag.printableString:
    case tag.ia5String:
    // What it really says depends on escape sequences that nobody writes.
    case tag.teletexString:
      return { oid: attributeOid, value: fields.text(element, 'latin1'), valueDer };
    case tag.bmpString:
      return { oid: attributeOid, value: bmpText(fields.content(element), element.start), valueDer };
    default:
      throw new DerError('badString', element.start);
  }
}

/** Two octets each, the high one first (X.690 §8.23.8). */
function bmpText(content: Uint8Array, offset: number): string {
  if (content.length % 2 !== 0) throw new DerError('badString', offset);
  return Buffer.from(content).swap16().toString('utf16le');
}

/** RFC 4514 text, most specific RDN first. Whatever is not printable ASCII is escaped, so it is safe in logs and terminals. */
export function formatName(name: DistinguishedName): string {
  return readRdns(name.der)
    .toReversed()
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .join(',');
}

function formatAttribute(attribute: RawAttribute): string {
  const short = findAttributeType(attribute.oid)?.short;
  // RFC 4514 §2.4: a type without a name shows its value's encoding.
  return short === undefined
    ? `${attribute.oid}=#${Buffer.from(attribute.valueDer).toString('hex')}`
    : `${short}=${escapeValue(attribute.value)}`;
}

const plain = /^[A-Za-z0-9.*_-]+$/;

/** RFC 4514 §2.4: special characters as `\,`, all that is not printable ASCII as `\` and the hex of its UTF-8 octets. */
function escapeValue(value: string): string {
  if (plain.test(value)) return value;
  const octets = [...Buffer.from(value, 'utf8')];
  return octets.map((octet, index) => escapeOctet(octet, index === 0, index === octets.length - 1)).join('');
}

function escapeOctet(octet: number, first: boolean, last: boolean): string {
  if (octet < 0x20 || octet > 0x7e) return `\\${octet.toString(16).padStart(2, '0')}`;
  const character = String.fromCharCode(octet);
  const isEdge = (character === ' ' && (first || last)) || (character === '#' && first);
  return isEdge || '"+,;<>\\'.includes(character) ? `\\${character}` : character;
}
