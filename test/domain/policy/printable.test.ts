import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/domain/policy/printable.ts';
import { decodeName, encodeName, formatName } from '../../../src/domain/x509/name.ts';
import { anyCodePoint } from '../../support/code-point.ts';

describe('printable', () => {
  it('escapes what is not printable ASCII, by code point', () => {
    expect(printable('a\u0000\r\n\u001b[2J\u202e\u00e9\u{1f600}\\')).toBe(
      'a\\u{0}\\u{d}\\u{a}\\u{1b}[2J\\u{202e}\\u{e9}\\u{1f600}\\',
    );
  });

  it('leaves what is printable as it is, however often, an escaped name too', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCodePoint, maxLength: 10 }), (text) => {
        expect(printable(printable(text))).toBe(printable(text));
      }),
    );
    const name = formatName(decodeName(encodeName([{ type: 'organizationName', value: 'M\u00fcller\\AG' }])));
    expect(printable(name)).toBe('O=M\\c3\\bcller\\\\AG');
  });

  it('cuts what is too long, never inside an escape', () => {
    expect(printable('abcdef', 4)).toBe('abcd...');
    expect(printable('abc\u0000', 6)).toBe('abc...');
  });

  it('never shows anything else, and never more than its limit and three dots', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCodePoint }), (text) => {
        const shown = printable(text, 20);
        expect(shown).toMatch(/^[ -~]*$/);
        expect(shown.length).toBeLessThanOrEqual(23);
      }),
    );
  });
});
