/** Makes what a caller sent safe to show in an answer, a log, a terminal or a spreadsheet's cell. */

/**
 * Printable ASCII, anything else as `\u{hex}`; `...` in place of what comes after `max` characters. A backslash stays one, so that
 * what was escaped before, by a service or as RFC 4514 writes names, is shown as it is.
 */
export function printable(text: string, max = 100): string {
  let shown = '';
  for (const character of text) {
    const safe = escapeCharacter(character);
    if (shown.length + safe.length > max) return `${shown}...`;
    shown += safe;
  }
  return shown;
}

function escapeCharacter(character: string): string {
  if (character >= ' ' && character <= '~') return character;
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
