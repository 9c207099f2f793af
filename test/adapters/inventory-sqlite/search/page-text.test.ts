/** Text of a page: what was appended, in the memory it was given or in more. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PageText } from '../../../../src/adapters/inventory-sqlite/search/page-text.ts';

const anyLine = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .tuple(fc.constantFrom('a', 'ü', '界', '😀'), fc.integer({ min: 0, max: 9_000 }))
    .map(([one, times]) => one.repeat(times)),
);

it('is the octets of all its lines, however little memory there was, whatever was in it', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 12 }), fc.integer({ min: 0, max: 60_000 }), (lines, octets) => {
      const text = new PageText(new Uint8Array(octets).fill(0x78).buffer);
      for (const line of lines) text.append(line);
      expect(Buffer.compare(text.octets(), Buffer.from(lines.join('')))).toBe(0);
    }),
  );
});

it('stays in the memory it was given while that is enough', () => {
  const memory = new ArrayBuffer(100_000);
  const text = new PageText(memory);
  text.append('x'.repeat(30_000));
  expect(text.octets().buffer).toBe(memory);
});
