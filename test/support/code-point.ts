/** Units of texts that hold anything. fast-check's own, `binary`, first makes a table of all 1,114,112: a second in each process. */
import fc from 'fast-check';

/** One code point, for `fc.string`'s `unit`: any of ASCII, a lone surrogate, or any at all. */
export const anyCodePoint = fc
  .oneof(fc.nat(0x7f), fc.integer({ min: 0xd800, max: 0xdfff }), fc.nat(0x10ffff))
  .map((codePoint) => String.fromCodePoint(codePoint));
