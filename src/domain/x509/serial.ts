/** Certificate serial numbers (RFC 5280 §4.1.2.2): made time-ordered, read strictly, one canonical text form. */

import { unsignedInteger } from '../der/writer.ts';
import { CaError } from '../errors.ts';

const minuteMs = 60_000;
const randomOctets = 16;
/** From here on (November 2001) the minutes fill four octets, so every serial has exactly 20; 2^31 is the year 6053. */
const firstMinute = 2 ** 24;
const lastMinute = 2 ** 31;

/**
 * 20 octets as 40 lower-case hexadecimal digits: 4 of Unix minutes, 16 from the CSPRNG. Positive, because the first bit
 * is 0; time-ordered, so that index inserts stay local. Throws CaError `clockUnsafe` for a time that cannot be now.
 */
export function makeSerial(nowMs: number, random: Uint8Array): string {
  if (random.length !== randomOctets) throw new RangeError(`a serial takes ${randomOctets} random octets`);
  const minutes = Math.floor(nowMs / minuteMs);
  if (!(minutes >= firstMinute && minutes < lastMinute)) {
    throw new CaError('clockUnsafe', 'The clock shows a time at which no certificate can be issued.');
  }
  return minutes.toString(16).padStart(8, '0') + Buffer.from(random).toString('hex');
}

/** Plain digits, or octets with colons between them as `openssl x509 -text` prints them. */
const serialText = /^(?:[0-9a-f]{1,40}|[0-9a-f]{2}(?::[0-9a-f]{2}){1,19})$/i;

/** The canonical text of a serial that a person or program gave, undefined if it cannot be one. */
export function parseSerial(text: string): string | undefined {
  if (text.length > 60 || !serialText.test(text)) return undefined;
  const digits = text.replaceAll(':', '').toLowerCase().replace(/^0+/, '');
  return digits === '' ? undefined : evenDigits(digits);
}

/** INTEGER of a serial in canonical text. */
export const serialInteger = (serial: string): Uint8Array => unsignedInteger(Buffer.from(serial, 'hex'));

/** Longest serial read: 20 octets, and the zero that keeps one with a leading 1 bit positive. */
const maxContentOctets = 21;

/** Canonical text of INTEGER content; undefined unless it is positive and of at most 20 octets. */
export function serialOfInteger(content: Uint8Array): string | undefined {
  const first = content[0];
  if (first === undefined || first >= 0x80 || content.length > maxContentOctets) return undefined;
  if (first === 0 && content.length === 1) return undefined;
  if (first !== 0 && content.length === maxContentOctets) return undefined;
  const start = first === 0 ? 1 : 0;
  return Buffer.from(content.buffer, content.byteOffset + start, content.length - start).toString('hex');
}

/** As the inventory files it, whose own are all of 20 octets: one that was made elsewhere, with zeros before it. */
export const filedSerial = (serial: string): string => serial.padStart(40, '0');

const evenDigits = (digits: string): string => (digits.length % 2 === 0 ? digits : `0${digits}`);
