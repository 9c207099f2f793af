/** The sequence diagram for a terminal: two lifelines, an arrow a message, details to the right. */
import type { Colour, Paint } from '../terminal/paint.ts';
import type { Row } from './rows.ts';

interface Lifelines {
  readonly client: string;
  readonly server: string;
}

const shortestArrow = 8;

export function drawLadder({ client, server }: Lifelines, rows: readonly Row[], paint: Paint): string[] {
  const inner = Math.max(...rows.map(({ label }) => label.length), client.length) + shortestArrow;
  const head = `  ${client.padEnd(inner)}  ${server}`;
  return [head, ...rows.flatMap((row) => drawRow(row, inner, paint)), `  │${' '.repeat(inner)}│`];
}

function drawRow({ from, label, details, fatal }: Row, inner: number, paint: Paint): string[] {
  const line = '─'.repeat(inner - label.length - 4);
  const arrow = from === 'client' ? `─ ${label} ${line}▶` : `◀${line} ${label} ─`;
  const colour: Colour = fatal ? 'red' : 'reset';
  const [first = '', ...more] = details;
  return [
    `  │${paint(colour, arrow)}│  ${paint(colour, first)}`.trimEnd(),
    ...more.map((detail) => `  │${' '.repeat(inner)}│  ${detail}`),
  ];
}
