/** What people write for people, and sentences, so that they can neither steer a terminal nor be read in another order. */

/**
 * Control, format (bidirectional marks) and line-separating characters become `\u{hex}`, letters of any script stay. For names
 * and other values that may deceive by look-alikes there is `printable`.
 */
export const safeText = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
