/** Keeps sentences of the service from steering the terminal: values in them are printable already, this guards the rest. */

/** Control, format (bidirectional marks) and line-separating characters become `\u{hex}`; letters of any script stay. */
export const safeText = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
