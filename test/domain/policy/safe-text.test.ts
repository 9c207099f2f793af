/** Free text keeps its letters and loses what steers. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { safeText } from '../../../src/domain/policy/safe-text.ts';
import { anyCodePoint } from '../../support/code-point.ts';

it.each([
  ['für Müller: 承認 \\ 🔑', 'für Müller: 承認 \\ 🔑'],
  ['a\u001b[31mb\nc\u0007', 'a\\u{1b}[31mb\\u{a}c\\u{7}'],
  ['\u202egnp.exe\u2066 \u2028 \ud800 \ue000', '\\u{202e}gnp.exe\\u{2066} \\u{2028} \\u{d800} \\u{e000}'],
])('%j is shown as %s', (text, shown) => {
  expect(safeText(text)).toBe(shown);
});

it('is the same when it is made safe again', () => {
  fc.assert(fc.property(fc.string({ unit: anyCodePoint }), (text) => safeText(safeText(text)) === safeText(text)));
});
