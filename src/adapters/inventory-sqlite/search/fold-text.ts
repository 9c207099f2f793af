/** How the search by text compares: in either case, by the letter alone, wherever it stands. */

/**
 * JavaScript's lower case, but for the Greek sigma, whose lower case depends on what follows: a part of a text would not be
 * found in the whole. As Unicode folds it (CaseFolding.txt, 03C2).
 */
export const foldText = (text: string): string => text.toLowerCase().replaceAll('ς', 'σ');

/**
 * The same of a column, in SQL alone, as far as text of ASCII can meet it: lower() folds ASCII, and two other letters have an
 * ASCII one in their lower case, the Kelvin sign (U+212A) and the I with a dot (U+0130).
 */
export const foldedForAscii = (column: string): string =>
  `lower(replace(replace(${column}, char(0x212a), 'k'), char(0x130), 'i' || char(0x307)))`;

/** What stands in the index, which has JavaScript's lower case, for three characters of a folded text. */
export function spellings(trigram: string): readonly string[] {
  return [...trigram].reduce<readonly string[]>(
    (begun, letter) => begun.flatMap((start) => (letter === 'σ' ? [`${start}σ`, `${start}ς`] : [start + letter])),
    [''],
  );
}
