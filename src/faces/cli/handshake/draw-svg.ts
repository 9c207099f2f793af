/** The sequence diagram as a picture that needs nothing but itself: no script, no style sheet, no font from elsewhere. */

import type { Trouble } from './diagnose.ts';
import type { Row } from './rows.ts';

interface Lifelines {
  readonly client: string;
  readonly server: string;
}

const [left, right, lineHeight, top] = [80, 420, 18, 60];
/** Of a monospaced letter of 12 px. */
const letterWidth = 7.3;
const [ink, red] = ['#1f2933', '#b42318'];

export function drawSvg({ client, server }: Lifelines, rows: readonly Row[], troubles: readonly Trouble[]): string[] {
  const heights = rows.map(({ details }) => Math.max(1, details.length) * lineHeight + 12);
  const end = top + heights.reduce((sum, height) => sum + height, 0);
  const verdict = troubles.map(({ why }) => why);
  const longest = Math.max(...rows.flatMap(({ details }) => details.map((detail) => detail.length)), 20);
  const width = Math.ceil(
    Math.max(right + 40 + longest * letterWidth, ...verdict.map((why) => 60 + why.length * letterWidth)),
  );
  const height = end + 30 + verdict.length * lineHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="12">`,
    `<title>TLS handshake with ${escaped(server)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    arrowHeads,
    ...[lifeline(client, left, end), lifeline(server, right, end)],
    ...rows.map((row, at) => arrow(row, top + heights.slice(0, at).reduce((sum, each) => sum + each, 0))),
    ...verdict.map((why, at) => text(40, end + 26 + at * lineHeight, why, red)),
    '</svg>',
  ];
}

const arrowHeads = `<defs>${[ink, red]
  .map(
    (colour, at) =>
      `<marker id="head${at}" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto"><path d="M0,0 L9,4 L0,8 z" fill="${colour}"/></marker>`,
  )
  .join('')}</defs>`;

const lifeline = (name: string, x: number, end: number): string =>
  `${text(x, 28, name, ink, 'middle')}<line x1="${x}" y1="38" x2="${x}" y2="${end}" stroke="#9aa5b1"/>`;

function arrow({ from, label, details, fatal }: Row, y: number): string {
  const [x1, x2] = from === 'client' ? [left, right] : [right, left];
  const colour = fatal ? red : ink;
  return [
    text((left + right) / 2, y - 4, label, colour, 'middle'),
    `<line x1="${x1}" y1="${y}" x2="${x2}" y2="${y}" stroke="${colour}" marker-end="url(#head${fatal ? 1 : 0})"/>`,
    ...details.map((detail, at) => text(right + 16, y + at * lineHeight, detail, colour)),
  ].join('');
}

const text = (x: number, y: number, content: string, colour: string, anchor = 'start'): string =>
  `<text x="${x}" y="${y}" fill="${colour}" text-anchor="${anchor}">${escaped(content)}</text>`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (content: string): string => content.replaceAll(/[&<>"]/g, (character) => entities[character]!);
