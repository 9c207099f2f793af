/** Cells of CSV: nothing ends a cell early, and no spreadsheet runs one; bad input 49. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvCell } from '../../../../src/faces/http/json/certificate-csv.ts';

it.each([
  ['=1+1', `"'=1+1"`],
  ['+1', `"'+1"`],
  ['-1', `"'-1"`],
  ['@SUM(A1)', `"'@SUM(A1)"`],
  ['\t=1', `"'\t=1"`],
  ['\r=1', `"'\r=1"`],
  ['\n=1', `"'\n=1"`],
  ["|cmd' /C calc'!A0", `"'|cmd' /C calc'!A0"`],
  ['a"b', '"a""b"'],
  ['a,b\r\nc', '"a,b\r\nc"'],
  [null, '""'],
  [0, '"0"'],
])('%j becomes %s', (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

it('can be read back by the rules of RFC 4180, and never starts with what starts a formula', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '"', "'", ',', '\r', '\n', '\t', 'a') }),
      (text) => {
        const cell = csvCell(text);
        expect(cell).toMatch(/^"(?:[^"]|"")*"$/);
        const read = cell.slice(1, -1).replaceAll('""', '"');
        expect(read).not.toMatch(/^[=+\-@\t\r\n]/);
        expect([text, `'${text}`]).toContain(read);
      },
    ),
  );
});
