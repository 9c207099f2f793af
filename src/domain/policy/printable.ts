/** Makes what a caller sent safe to show in an answer, a log, a terminal or a spreadsheet's cell. */

/** Printable ASCII, anything else as `\u{hex}`, a backslash doubled; `...` in place of what comes after `max` characters. */
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
  if (character === '\\') return '\\\\';
  if (character >= ' ' && character <= '~') return character;
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
