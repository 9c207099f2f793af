/** The table of roles in docs/operating.md is the one the admin face obeys. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { permissions } from '../../../../src/domain/policy/operator-permissions.ts';

const document = readFileSync(resolve(import.meta.dirname, '../../../../docs/operating.md'), 'utf8');

/** The cells of a row of a Markdown table, without its outer bars. */
const cellsOf = (row: string): string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

it('docs/operating.md shows every permission of every role as it is', () => {
  const lines = document.split('\n');
  const start = lines.findIndex((line) => line.startsWith('| permission |'));
  const rows = lines.slice(start + 2, lines.indexOf('', start)).map(cellsOf);
  const [, , ...roles] = cellsOf(lines[start] ?? '');
  const documented = Object.fromEntries(
    roles.map((role, column) => [
      role,
      Object.fromEntries(rows.map(([name = '', , ...cells]) => [name.replaceAll('`', ''), cells[column] === 'yes'])),
    ]),
  );
  expect(documented).toEqual(permissions);
});
