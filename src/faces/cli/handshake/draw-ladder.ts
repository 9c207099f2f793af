/** The sequence diagram for a terminal: two lifelines, an arrow a message, details to the right. */

import { foldText } from '../terminal/fold.ts';
import type { Colour, Paint } from '../terminal/paint.ts';
import type { Row } from './rows.ts';

export interface ReportPage {
  readonly paint: Paint;
  /** Of the terminal; undefined for lines as long as they are. */
  readonly columns: number | undefined;
}

interface Lifelines {
  readonly client: string;
  readonly server: string;
}

const shortestArrow = 8;

export function drawLadder(
  { client, server }: Lifelines,
  rows: readonly Row[],
  { paint, columns }: ReportPage,
): string[] {
  const inner = Math.max(...rows.map(({ label }) => label.length), client.length) + shortestArrow;
  const room = columns && columns - inner - '  ││  '.length;
  const head = `  ${client.padEnd(inner)}  ${server}`;
  return [head, ...rows.flatMap((row) => drawRow(row, { inner, room, paint })), `  │${' '.repeat(inner)}│`];
}

interface Drawing {
  /** Columns between the lifelines, and to their right. */
  readonly inner: number;
  readonly room: number | undefined;
  readonly paint: Paint;
}

function drawRow({ from, label, details, fatal }: Row, { inner, room, paint }: Drawing): string[] {
  const line = '─'.repeat(inner - label.length - 4);
  const arrow = from === 'client' ? `─ ${label} ${line}▶` : `◀${line} ${label} ─`;
  const colour: Colour = fatal ? 'red' : 'reset';
  const [first = '', ...more] = details.flatMap((detail) => foldText(detail, room));
  return [
    `  │${paint(colour, arrow)}│  ${paint(colour, first)}`.trimEnd(),
    ...more.map((detail) => `  │${' '.repeat(inner)}│  ${detail}`),
  ];
}
