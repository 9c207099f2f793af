/** Lays rows out as a table that fits a width: cells are shortened, then whole columns left out, in an order the caller sets. */
import { fitting, padText, textWidth } from './text-width.ts';

export interface Column {
  readonly title: string;
  /** Where shortening cuts; `end` if absent. */
  readonly cut?: 'middle' | 'end';
}

export interface TableOptions {
  /** Undefined: as wide as the text. */
  readonly width: number | undefined;
  /** Steps taken in turn until it fits: this column is shortened, but not below so many characters. */
  readonly givesWay: readonly (readonly [title: string, floor: number])[];
  /** Titles of columns that are left out in turn when all steps are not enough. */
  readonly leavesOut: readonly string[];
  /** Last touch of one finished cell: colour, which has no width. */
  readonly finish?: (column: Column, padded: string, cell: string) => string;
}

export interface Table {
  readonly lines: readonly string[];
  readonly shortened: readonly string[];
  readonly leftOut: readonly string[];
}

const gap = 2;

/** `cells[row][column]` are plain, printable text. */
export function layoutTable(
  columns: readonly Column[],
  cells: readonly (readonly string[])[],
  options: TableOptions,
): Table {
  const { shown, widths } = chooseWidths(columns, cells, options);
  const finish = options.finish ?? ((_column, padded) => padded);
  const line = (row: readonly string[], touch: typeof finish): string =>
    shown
      .map((index) => {
        const column = columns[index]!;
        const cell = shorten(row[index]!, widths[index]!, column.cut);
        return touch(column, padText(cell, widths[index]!), row[index]!);
      })
      .join(' '.repeat(gap))
      .trimEnd();
  const titles = columns.map((column) => column.title);
  return {
    lines: [line(titles, (_column, padded) => padded), ...cells.map((row) => line(row, finish))],
    shortened: shown
      .filter((index) => widths[index]! < naturalWidth(columns, cells, index))
      .map((index) => titles[index]!),
    leftOut: titles.filter((_title, index) => !shown.includes(index)),
  };
}

/** What it cost to fit a table into a terminal, for the person in front of it; nothing if it is whole. */
export function fitNotes({ shortened, leftOut }: Table): string[] {
  const namesOf = (titles: readonly string[]): string => titles.join(', ').toLowerCase();
  const missing = [
    ...(shortened.length > 0 ? [`shortened: ${namesOf(shortened)}`] : []),
    ...(leftOut.length > 0 ? [`left out: ${namesOf(leftOut)}`] : []),
  ];
  return missing.length > 0 ? [`To fit, ${missing.join('; ')}. Whole with \`| cat\` or --json.`] : [];
}

function naturalWidth(columns: readonly Column[], cells: readonly (readonly string[])[], index: number): number {
  return cells.reduce((widest, row) => Math.max(widest, textWidth(row[index]!)), columns[index]!.title.length);
}

/** Which columns are shown, and how wide: the first of ever fewer columns that fit, or the fewest as narrow as they get. */
function chooseWidths(columns: readonly Column[], cells: readonly (readonly string[])[], options: TableOptions) {
  const natural = columns.map((_column, index) => naturalWidth(columns, cells, index));
  const all = columns.map((_column, index) => index);
  if (options.width === undefined) return { shown: all, widths: natural };
  for (let leaveOut = 0; ; leaveOut++) {
    const gone = options.leavesOut.slice(0, leaveOut);
    const shown = all.filter((index) => !gone.includes(columns[index]!.title));
    const widths = narrow(columns, natural, shown, options);
    if (total(widths, shown) <= options.width || leaveOut === options.leavesOut.length) return { shown, widths };
  }
}

const total = (widths: readonly number[], shown: readonly number[]): number =>
  shown.reduce((sum, index) => sum + widths[index]! + gap, -gap);

function narrow(
  columns: readonly Column[],
  natural: readonly number[],
  shown: readonly number[],
  { width = 0, givesWay }: TableOptions,
): number[] {
  const widths = [...natural];
  for (const [title, floor] of givesWay) {
    const index = columns.findIndex((column) => column.title === title);
    const excess = total(widths, shown) - width;
    if (excess <= 0 || !shown.includes(index)) continue;
    widths[index] = Math.min(widths[index]!, Math.max(floor, widths[index]! - excess));
  }
  return widths;
}

/** `text` in at most `width` columns, with one `…` where something is missing. */
export function shorten(text: string, width: number, cut: 'middle' | 'end' = 'end'): string {
  if (textWidth(text) <= width) return text;
  const tail = cut === 'middle' ? Math.floor((width - 1) / 2) : 0;
  return `${fitting(text, width - 1 - tail)}…${fitting(text, tail, 'end')}`;
}
