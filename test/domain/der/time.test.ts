import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { tag } from '../../../src/domain/der/tag.ts';
import { readTime } from '../../../src/domain/der/value.ts';
import { generalizedTime, time, tlv } from '../../../src/domain/der/writer.ts';

const year0100 = Date.UTC(100, 0) / 1000;
const lastSecond9999 = Date.UTC(10_000, 0) / 1000 - 1;
const text = (encoded: Uint8Array): string => Buffer.from(encoded.subarray(2)).toString('latin1');
const read = (identifier: number, content: string): number =>
  readTime(new DerReader(tlv(identifier, Buffer.from(content, 'latin1'))));

describe('times in DER', () => {
  it('come back as they went in, in either form', () => {
    fc.assert(
      fc.property(fc.integer({ min: year0100, max: lastSecond9999 }), (seconds) => {
        expect(readTime(new DerReader(time(seconds)))).toBe(seconds);
        expect(readTime(new DerReader(generalizedTime(seconds)))).toBe(seconds);
        expect(text(generalizedTime(seconds))).toBe(
          `${new Date(seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`,
        );
      }),
    );
  });

  it.each([
    ['1949-12-31T23:59:59Z', tag.generalizedTime, '19491231235959Z'],
    ['1950-01-01T00:00:00Z', tag.utcTime, '500101000000Z'],
    ['2049-12-31T23:59:59Z', tag.utcTime, '491231235959Z'],
    ['2050-01-01T00:00:00Z', tag.generalizedTime, '20500101000000Z'],
  ])('%s changes its form where RFC 5280 §4.1.2.5 says so', (iso, identifier, expected) => {
    const encoded = time(Date.parse(iso) / 1000);
    expect(encoded[0]).toBe(identifier);
    expect(text(encoded)).toBe(expected);
  });

  it('know leap years', () => {
    expect(read(tag.utcTime, '240229000000Z')).toBe(Date.parse('2024-02-29T00:00:00Z') / 1000);
    expect(read(tag.generalizedTime, '20000229000000Z')).toBe(Date.parse('2000-02-29T00:00:00Z') / 1000);
  });

  it.each([
    [tag.utcTime, '230229000000Z'],
    [tag.generalizedTime, '21000229000000Z'],
    [tag.generalizedTime, '00500101000000Z'],
    [tag.utcTime, '231301000000Z'],
    [tag.utcTime, '230001000000Z'],
    [tag.utcTime, '230431000000Z'],
    [tag.utcTime, '230400000000Z'],
    [tag.utcTime, '230401240000Z'],
    [tag.utcTime, '230401006000Z'],
    [tag.utcTime, '230401000060Z'],
    [tag.utcTime, '2304010000Z'],
    [tag.utcTime, '230401000000+0000'],
    [tag.utcTime, '23040100000 Z'],
    [tag.generalizedTime, '20230401000000.5Z'],
    [tag.utf8String, '230401000000Z'],
  ])('of tag %i and content %s are refused', (identifier, content) => {
    expect(() => read(identifier, content)).toThrow(expect.objectContaining({ code: 'badTime' }));
  });

  it('outside the four-digit years cannot be written', () => {
    expect(() => time(lastSecond9999 + 1)).toThrow(RangeError);
    expect(() => time(Number.NaN)).toThrow(RangeError);
  });
});
