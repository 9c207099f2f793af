/** Sentences and lists that are wider than a terminal go on below, at a blank; what is to be copied in one piece stays in one. */
import { textWidth } from './text-width.ts';

/** Not within a command in backticks, which is to be copied. */
const blank = / (?=(?:[^`]*`[^`]*`)*[^`]*$)/;

/** Lines of at most `columns`, but for a single word that is wider; one line where nobody looks at a page (undefined). */
export function foldText(text: string, columns: number | undefined): string[] {
  if (columns === undefined || textWidth(text) <= columns) return [text];
  const lines: string[] = [];
  for (const word of text.split(blank)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The same of a line that may be indented; what goes on below is so by two more. */
export function foldLine(line: string, columns: number | undefined): string[] {
  const indent = / */.exec(line)![0];
  const [first = '', ...rest] = foldText(line.slice(indent.length), columns && columns - indent.length - 2);
  return [`${indent}${first}`, ...rest.map((more) => `${indent}  ${more}`)];
}
