import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { tag } from '../../../src/domain/der/tag.ts';
import {
  readBoolean,
  readIntegerBytes,
  readOctetAlignedBitString,
  readOid,
  readSmallInteger,
  readTime,
} from '../../../src/domain/der/value.ts';

const readerOf = (hex: string): DerReader => new DerReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const text = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('hex');

/** What `read` makes of these octets, or the code it refuses them with. */
function outcome(read: (reader: DerReader) => unknown, reader: DerReader): unknown {
  try {
    const value = read(reader);
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a DerReader', () => {
  it('gives an element only to who asks for its tag', () => {
    expect(outcome((reader) => reader.expect(tag.sequence), readerOf('31 00'))).toBe('unexpectedTag');
    expect(readerOf('31 00').optional(tag.sequence)).toBeUndefined();
  });

  it('ends where the element it is in ends, whatever follows outside', () => {
    // SEQUENCE { SEQUENCE { INTEGER 5 }, INTEGER 7 }
    const inner = readerOf('30 08 30 03 02 01 05 02 01 07').enterSequence().enterSequence();
    expect(readSmallInteger(inner)).toBe(5);
    expect([inner.atEnd, inner.peekTag()]).toEqual([true, -1]);
    expect(inner.optional(tag.integer)).toBeUndefined();
    expect(outcome((reader) => reader.expect(tag.integer), inner)).toBe('missingElement');
    expect(outcome((reader) => reader.next(), inner)).toBe('truncated');
  });

  it.each([
    ['an element longer than the one it is in', '30 03 02 02 05 02 01 07'],
    ['a length that has no room', '30 02 02 82 01 00'],
    ['a tag without a length', '30 01 02 01 05'],
  ])('reads nothing of %s', (_, hex) => {
    expect(outcome((reader) => reader.next(), readerOf(hex).enterSequence())).toBe('truncated');
  });

  it.each([
    ['02 80 05 00 00', 'indefiniteLength'],
    ['02 81 01 05', 'nonMinimalLength'],
    [`04 82 00 80 ${'00'.repeat(128)}`, 'nonMinimalLength'],
    [`04 85 00 00 00 00 80 ${'00'.repeat(128)}`, 'lengthTooLarge'],
    ['1f 01 00', 'highTagNumber'],
  ])('refuses %s as %s', (hex, code) => {
    expect(outcome((reader) => reader.next(), readerOf(hex))).toBe(code);
  });
});

// Lists of revoked certificates are read by these alone, without the walk of `assertCanonicalDer`.
describe('a value is read from its one encoding', () => {
  it.each<[string, (reader: DerReader) => unknown, string, unknown]>([
    ['an INTEGER', readIntegerBytes, '02 02 00 80', '0080'],
    ['an INTEGER without content', readIntegerBytes, '02 00', 'badInteger'],
    ['an INTEGER with a zero before it', readIntegerBytes, '02 02 00 7f', 'badInteger'],
    ['a negative INTEGER', readIntegerBytes, '02 02 ff 7f', 'ff7f'],
    ['a negative INTEGER with ones before it', readIntegerBytes, '02 02 ff 80', 'badInteger'],
    ['the largest small INTEGER', readSmallInteger, '02 04 7f ff ff ff', 2 ** 31 - 1],
    ['an INTEGER over it', readSmallInteger, '02 05 00 80 00 00 00', 'badInteger'],
    ['an INTEGER below zero', readSmallInteger, '02 01 80', 'badInteger'],
    ['an OID', readOid, '06 03 88 37 03', '2.999.3'],
    ['an OID without content', readOid, '06 00', 'badOid'],
    ['an OID with a zero before an arc', readOid, '06 03 2a 80 01', 'badOid'],
    ['an OID whose last arc goes on', readOid, '06 02 2a 81', 'badOid'],
    ['an OID with an arc over what a number holds', readOid, `06 09 2a ${'ff'.repeat(7)} 7f`, '1.2.72057594037927935'],
    ['an OID with an arc wider than a UUID', readOid, `06 15 2a ${'ff'.repeat(19)} 7f`, 'badOid'],
    ['TRUE', readBoolean, '01 01 ff', true],
    ['FALSE', readBoolean, '01 01 00', false],
    ['TRUE as BER has it, too', readBoolean, '01 01 01', 'badBoolean'],
    ['a BOOLEAN of two octets', readBoolean, '01 02 ff ff', 'badBoolean'],
    ['a BIT STRING of whole octets', readOctetAlignedBitString, '03 03 00 ab cd', 'abcd'],
    ['a BIT STRING without content', readOctetAlignedBitString, '03 00', 'badBitString'],
    ['a BIT STRING with unused bits', readOctetAlignedBitString, '03 02 01 fe', 'badBitString'],
    ['a time with a sign in it', readTime, `17 0d ${text('26060112+000Z')}`, 'badTime'],
    ['a time with a colon for a digit', readTime, `17 0d ${text('2606011200:0Z')}`, 'badTime'],
    ['a time of another zone', readTime, `17 11 ${text('260601120000+0100')}`, 'badTime'],
    ['a time that does not end in Z', readTime, `17 0d ${text('260601120000X')}`, 'badTime'],
    ['a time in text', readTime, `0c 0d ${text('260601120000Z')}`, 'badTime'],
  ])('%s', (_, read, hex, expected) => {
    expect(outcome(read, readerOf(hex))).toBe(expected);
  });
});
