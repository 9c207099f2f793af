/** The sequence diagram as Mermaid text, for Markdown pages. */

import type { Trouble } from './diagnose.ts';
import type { Row } from './rows.ts';

interface Lifelines {
  readonly client: string;
  readonly server: string;
}

export function drawMermaid(
  { client, server }: Lifelines,
  rows: readonly Row[],
  troubles: readonly Trouble[],
): string[] {
  return [
    'sequenceDiagram',
    `  participant C as ${escaped(client)}`,
    `  participant S as ${escaped(server)}`,
    ...rows.flatMap(({ from, label, details, fatal }) => {
      const arrow = from === 'client' ? `C${fatal ? '-x' : '->>'}S` : `S${fatal ? '-x' : '->>'}C`;
      return `  ${arrow}: ${escaped([label, ...details].join('\n'))}`;
    }),
    ...troubles.map(({ why }) => `  Note over C,S: ${escaped(why)}`),
  ];
}

/** Mermaid ends a statement at `;` and reads `#` as the start of an entity; a name may hold both. */
const escaped = (text: string): string =>
  text.replaceAll(/[#;<>&"]/g, (character) => `#${character.charCodeAt(0)};`).replaceAll('\n', '<br/>');
