/** How much room text takes in a terminal, where letters have one column, two, or none (Unicode UAX #11, as terminals have it). */

/** Marks on the letter before, and what joins it within a Korean syllable. */
const withoutWidth = /[\p{Mn}\p{Me}\u1160-\u11ff]/u;

/** East Asian wide and full-width characters, and what is shown as a picture. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2fb}\u{1f200}-\u{1f251}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

/** Almost all text is this. */
const plain = /^[\x20-\x7e]*$/;

/** Columns that printable text takes. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  return [...text].reduce((width, character) => width + widthOf(character), 0);
}

const widthOf = (character: string): number => (withoutWidth.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** With blanks at its end, as wide as `width`. */
export const padText = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - textWidth(text)));

/** As much of the beginning, or of the end, as fits; no character is parted from its marks. */
export function fitting(text: string, width: number, side: 'beginning' | 'end' = 'beginning'): string {
  const parts = Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment);
  if (side === 'end') parts.reverse();
  const taken: string[] = [];
  let left = width;
  for (const part of parts) {
    left -= textWidth(part);
    if (left < 0) break;
    taken.push(part);
  }
  return (side === 'end' ? taken.reverse() : taken).join('');
}
