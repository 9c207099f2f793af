/** docs/cli.md tells the exit codes and the codes of errors that scripts decide by: all of them, and no other. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cliEndings, exitCodes, failureEndings } from '../../../src/faces/cli/exit-codes.ts';

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('## Exit codes'));

it('docs/cli.md lists every exit code with its name', () => {
  const rows = section.matchAll(/^\| (\d+) \| (\w+) \| \S/gm);
  expect(Object.fromEntries(Array.from(rows, ([, code, name]) => [name, Number(code)]))).toEqual(exitCodes);
});

it('docs/cli.md lists every code of an error that arises here', () => {
  const rows = section.slice(section.indexOf('`CODE` is stable')).matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm);
  const codes = Array.from(rows, ([, cell]) => cell!.replaceAll('`', '').split(', ')).flat();
  const known = [...Object.keys(cliEndings), ...Object.keys(failureEndings)];
  expect(codes.toSorted()).toEqual(known.toSorted());
});
