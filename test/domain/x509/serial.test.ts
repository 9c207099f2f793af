import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../../src/domain/der/reader.ts';
import { readIntegerBytes } from '../../../src/domain/der/value.ts';
import { makeSerial, parseSerial, serialInteger, serialOfInteger } from '../../../src/domain/x509/serial.ts';

const nowMs = Date.UTC(2026, 10, 1, 12, 30);
const octets = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const contentOf = (serial: string) => readIntegerBytes(new DerReader(serialInteger(serial)));

describe('makeSerial', () => {
  it('puts the minute first and the random octets after it', () => {
    const random = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 + index);
    expect(makeSerial(nowMs, random)).toBe(
      `${(nowMs / 60_000).toString(16).padStart(8, '0')}f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff`,
    );
  });

  it('is positive and takes exactly 20 octets of INTEGER, whatever the randomness', () => {
    fc.assert(
      fc.property(octets(16), (random) => {
        const serial = makeSerial(nowMs, random);
        expect(contentOf(serial)).toHaveLength(20);
        expect(serialOfInteger(contentOf(serial))).toBe(serial);
        expect(parseSerial(serial)).toBe(serial);
      }),
    );
  });

  it('orders serials by the minute they were made in', () => {
    const first = makeSerial(nowMs, new Uint8Array(16).fill(0xff));
    expect(first < makeSerial(nowMs + 60_000, new Uint8Array(16))).toBe(true);
  });

  it.each([0, Date.UTC(2001, 0), Number.NaN, -1, 2 ** 31 * 60_000])('refuses the clock at %d', (ms) => {
    expect(() => makeSerial(ms, new Uint8Array(16))).toThrow(expect.objectContaining({ code: 'clockUnsafe' }));
  });

  it('takes neither more nor less randomness', () => {
    expect(() => makeSerial(nowMs, new Uint8Array(15))).toThrow(RangeError);
    expect(() => makeSerial(nowMs, new Uint8Array(17))).toThrow(RangeError);
  });
});

describe('parseSerial', () => {
  it.each([
    ['1', '01'],
    ['00ff', 'ff'],
    ['ABCDEF', 'abcdef'],
    ['01:C8:8d', '01c88d'],
    ['7f'.repeat(20), '7f'.repeat(20)],
    [Array(20).fill('0A').join(':'), `0a${'0a'.repeat(19)}`],
  ])('reads %s', (text, serial) => {
    expect(parseSerial(text)).toBe(serial);
  });

  it.each([
    '',
    '0',
    '0000',
    '../../etc/passwd',
    '0x10',
    '-1',
    ' 1',
    '1 ',
    '1\n',
    '1:2',
    'ab:',
    ':ab',
    'ab:cd:e',
    'g',
    '٣',
    '%31',
    '7f'.repeat(21),
  ])('bad input 51: %j is no serial', (text) => {
    expect(parseSerial(text)).toBeUndefined();
  });
});

describe('serialOfInteger', () => {
  it.each([
    ['zero', [0]],
    ['a negative one', [0x80]],
    ['21 octets without a sign octet', Array(21).fill(0x01)],
    ['22 octets', [0, ...Array(21).fill(0xff)]],
    ['nothing', []],
  ])('knows no serial in %s', (_what, content) => {
    expect(serialOfInteger(Uint8Array.from(content))).toBeUndefined();
  });

  it('drops the octet that only keeps the sign', () => {
    expect(serialOfInteger(Uint8Array.from([0, 0xff]))).toBe('ff');
    expect(serialOfInteger(Uint8Array.from([0, ...Array(20).fill(0xff)]))).toBe('ff'.repeat(20));
  });
});
