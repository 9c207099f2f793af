/** GeneralName (RFC 5280 §4.2.1.6): the four kinds this CA issues, in one plain text form that tells them apart. */
import { DerError } from '../der/error.ts';
import type { DerElement, DerReader } from '../der/reader.ts';
import { contextTag } from '../der/tag.ts';
import { implicit } from '../der/writer.ts';
import type { ReasonCode } from '../errors.ts';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';

/**
 * A name a certificate may hold. `value` is the canonical plain text: DNS in lower-case LDH labels, IP as dotted quad or
 * RFC 5952, URI as given, e-mail with its domain in lower case. The plain forms never collide: a DNS name has no `:` or
 * `@` and is never all digits and dots, so `demo.dev.internal`, `10.0.0.1`, `spiffe://dev/a` and `ops@example.org` need
 * no prefix.
 */
export interface GeneralName {
  readonly type: 'dns' | 'ip' | 'uri' | 'email';
  readonly value: string;
}

/** A name that no certificate of this CA holds. `value` is as it was sent, so make it printable before showing it. */
export interface RefusedName {
  readonly type: 'other';
  readonly code: ReasonCode;
  readonly value: string;
}

/** Plain text to its canonical name, undefined if it is none. */
export function parseGeneralName(text: string): GeneralName | undefined {
  const name = readGeneralName(text);
  return name.type === 'other' ? undefined : name;
}

/** The same with the reason why text is no name. */
export function readGeneralName(text: string): GeneralName | RefusedName {
  if (text.includes('://')) return readUri(text);
  if (text.includes('@')) return readEmail(text);
  const ip = parseIpAddress(text);
  if (ip) return { type: 'ip', value: formatIpAddress(ip) };
  // No DNS name has a colon or ends in digits only: these were meant as addresses.
  return looksLikeAddress.test(text) ? refused('badIpAddress', text) : readDns(text);
}

const looksLikeAddress = /^(?:[\d.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/;

const tags = {
  email: contextTag(1, false),
  dns: contextTag(2, false),
  uri: contextTag(6, false),
  ip: contextTag(7, false),
} as const;

/** One GeneralName with its context tag (all are IMPLICIT, RFC 5280 appendix A.2). */
export function encodeGeneralName(name: GeneralName): Uint8Array {
  if (name.type !== 'ip') return implicit(tags[name.type] & 0x1f, Buffer.from(name.value, 'latin1'));
  const octets = parseIpAddress(name.value);
  if (!octets) throw new RangeError('not an IP address');
  return implicit(tags.ip & 0x1f, octets);
}

/** The next GeneralName; a kind or content that this CA never issues is told as `other` with its reason. */
export function decodeGeneralName(reader: DerReader): GeneralName | RefusedName {
  const element = reader.next();
  // Octets above 0x7f stay what they are: no rule below lets them through.
  const ascii = () => reader.text(element, 'latin1');
  switch (element.tag) {
    case tags.dns:
      return readDns(ascii());
    case tags.ip:
      return readIp(reader.content(element));
    case tags.uri:
      return readUri(ascii());
    case tags.email:
      return readEmail(ascii());
    default:
      return { type: 'other', code: 'nameTypeNotAllowed', value: otherKind(element) };
  }
}

/** otherName, x400Address, directoryName, ediPartyName, registeredID by their tag numbers. */
const otherKinds = new Map([
  [contextTag(0, true), 'otherName'],
  [contextTag(3, true), 'x400Address'],
  [contextTag(4, true), 'directoryName'],
  [contextTag(5, true), 'ediPartyName'],
  [contextTag(8, false), 'registeredID'],
]);

function otherKind(element: DerElement): string {
  const kind = otherKinds.get(element.tag);
  if (!kind) throw new DerError('unexpectedTag', element.start);
  return kind;
}

/** Never folds a look-alike into ASCII, as toLowerCase does to the Kelvin sign. */
const toLowerAscii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const refused = (code: ReasonCode, value: string): RefusedName => ({ type: 'other', code, value });

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const control = /[\x00-\x1f\x7f]/;
const ldhName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const reservedLabel = /(?:^|\.)..--/;
const aLabel = /(?:^|\.)xn--/;
const numericEnd = /(?:^|\.)\d+$/;

/** Why lower-cased text is no host name: RFC 1034 §3.5 as RFC 1123 §2.1 relaxes it, without IDNs (RFC 5890 §2.3.1). */
function hostFault(host: string): ReasonCode | undefined {
  if (control.test(host)) return 'badCharacters';
  if (host.length > 253 || !ldhName.test(host) || numericEnd.test(host)) return 'badDnsName';
  if (aLabel.test(host)) return 'idnNotAllowed';
  return reservedLabel.test(host) ? 'badDnsName' : undefined;
}

/** A wildcard is only ever the whole left-most label (RFC 9525 §6.3); whether one may be had is for policy to say. */
function readDns(text: string): GeneralName | RefusedName {
  const value = toLowerAscii(text);
  const fault = hostFault(value.startsWith('*.') ? value.slice(2) : value);
  if (fault) return refused(fault, text);
  return value.length > 253 ? refused('badDnsName', text) : { type: 'dns', value };
}

function readIp(octets: Uint8Array): GeneralName | RefusedName {
  if (octets.length === 4 || octets.length === 16) return { type: 'ip', value: formatIpAddress(octets) };
  return refused('badIpAddress', Buffer.from(octets).toString('hex'));
}

const maxUriLength = 2048;
/** Scheme, host and port in lower case; plain path segments, so that two texts never mean one resource. */
const uri = /^[a-z][a-z0-9+.-]{0,31}:\/\/([a-z0-9._-]+)(?::([1-9]\d{0,4}))?((?:\/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*|\/)$/;
const dotSegment = /\/\.{1,2}(?:\/|$)/;

/** RFC 3986 without userinfo, query, fragment, percent-encoding, empty or dot segments, as SPIFFE IDs are, too. */
function readUri(text: string): GeneralName | RefusedName {
  if (control.test(text)) return refused('badCharacters', text);
  const [, host, port, path] = (text.length <= maxUriLength && uri.exec(text)) || [];
  if (host === undefined || Number(port ?? 1) > 65_535 || dotSegment.test(path ?? '')) return refused('badUri', text);
  const isQuad = parseIpAddress(host) !== undefined;
  // SPIFFE trust domains may have underscores, which host names have not.
  const fault = isQuad ? undefined : hostFault(host.replaceAll('_', 'a'));
  if (fault) return refused(fault === 'idnNotAllowed' ? fault : 'badUri', text);
  return { type: 'uri', value: text };
}

const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/** RFC 5280 §4.2.1.6: a bare Mailbox, here with a dot-atom (RFC 5321 §4.1.2) and a host name, in ASCII. */
function readEmail(text: string): GeneralName | RefusedName {
  if (control.test(text)) return refused('badCharacters', text);
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  const domain = toLowerAscii(text.slice(at + 1));
  if (local.length > 64 || !localPart.test(local)) return refused('badEmailAddress', text);
  const fault = hostFault(domain);
  if (fault) return refused(fault === 'idnNotAllowed' ? fault : 'badEmailAddress', text);
  return { type: 'email', value: `${local}@${domain}` };
}
