import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lengthInWords, parseLength, sizeInWords, timeInWords } from '../../../../src/faces/cli/terminal/words.ts';

const now = Date.UTC(2026, 10, 21, 7, 0, 0);

describe('timeInWords', () => {
  it.each([
    ['2026-11-21T07:00:00Z', 'now'],
    ['2026-11-21T07:00:01Z', 'in 1 second'],
    ['2026-11-21T07:01:59Z', 'in 119 seconds'],
    ['2026-11-21T08:00:00Z', 'in 1 hour'],
    ['2026-11-22T07:00:00Z', 'in 1 day'],
    ['2026-11-23T06:59:59Z', 'in 47 hours'],
    ['2026-12-20T07:30:00Z', 'in 29 days'],
    ['2026-11-21T06:55:00Z', '5 minutes ago'],
    ['2025-11-20T07:00:00Z', '366 days ago'],
    ['2036-11-20T07:00:00Z', 'in 10 years'],
    ['2031-11-20T06:59:59Z', 'in 5 years'],
  ])('says of %s: %s', (time, words) => {
    expect(timeInWords(time, now)).toBe(words);
  });
});

describe('parseLength', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['24h', 86_400],
    ['30d', 2_592_000],
    ['2w', 1_209_600],
  ])('reads %s', (text, seconds) => expect(parseLength(text)).toBe(seconds));

  it.each(['', '0h', '-1d', '1.5h', '24', 'h', '1 h', '99999999w', '1h30m'])('refuses `%s`', (text) =>
    expect(parseLength(text)).toBeUndefined(),
  );

  it('reads back what lengthInWords says in whole days', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 364 }), (days) => {
        expect(lengthInWords(parseLength(`${days}d`)!)).toBe(`${days} days`);
      }),
    );
  });
});

describe('sizeInWords', () => {
  it.each([
    [0, '0 octets'],
    [1, '1 octet'],
    [999, '999 octets'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [185_900_000, '185.9 MB'],
    [999_999_999, '1.0 GB'],
    [2 ** 50, '1125.9 TB'],
  ])('says of %d octets: %s', (octets, words) => expect(sizeInWords(octets)).toBe(words));
});
