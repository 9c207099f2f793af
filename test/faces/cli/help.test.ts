/** Every verb explains itself with an example that this very version would take. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../../src/faces/cli/exit-codes.ts';
import { buildProgram } from '../../../src/faces/cli/program.ts';
import { commandLine } from '../../support/command-line.ts';

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const folder = new URL('../../../docs/', import.meta.url);
const pages = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('');
const sink = { write: () => true };
const program = buildProgram(
  { stdout: sink, stderr: sink, env: {}, cwd: '/', isTty: false, mayAsk: false, columns: undefined },
  new Proxy({} as Parameters<typeof buildProgram>[1], {
    get: (_deps, name) => (name === 'version' ? '0.0.0' : () => Promise.reject(new Error('only read here'))),
  }),
);

interface Verb {
  readonly path: string;
  readonly command: Command;
}

const verbsOf = (command: Command, path: string): Verb[] =>
  command.commands.length === 0
    ? [{ path, command }]
    : command.commands.flatMap((verb) => verbsOf(verb, `${path} ${verb.name()}`.trim()));

/** Words as a shell would split them; what comes after `;`, `|`, `>` and `#` is somebody else's. */
const wordsOf = (line: string): string[] =>
  (line.split(/\s[;|>#]/)[0]!.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ''));

describe.each(verbsOf(program, ''))('privyseal $path', ({ path, command }) => {
  it('has an example of itself, with options that it has', async () => {
    const { code, stdout } = await commandLine([...path.split(' '), '--help'], { columns: 200 });
    const examples = Array.from(stdout.matchAll(/^ {2}\$ (.*)$/gm), ([, line]) => line!);
    const own = examples
      .map((line) => line.slice(line.indexOf('privyseal ')))
      .filter((line) => {
        const [, ...words] = wordsOf(line);
        return words.join(' ').includes(path);
      });
    expect([code, own.length > 0, command.description()]).toEqual([0, true, expect.stringMatching(/^\S/)]);
    const flags = [...command.options, ...program.options].flatMap(({ long, short }) => [long, short]);
    const unknown = own.flatMap(wordsOf).filter((word) => /^--?[a-z]/.test(word) && !flags.includes(word));
    expect(unknown).toEqual([]);
  });

  it('shows defaults as they would be typed', async () => {
    const { stdout } = await commandLine([...path.split(' '), '--help'], { columns: 200 });
    const shown = Array.from(stdout.matchAll(/ <length> .*\(default: (.+)\)$/gm), ([, value]) => value!);
    expect(shown.filter((value) => /^\d+$/.test(value))).toEqual([]);
    expect(stdout).not.toContain('(default: [])');
  });

  it('has each of its options explained in docs', () => {
    const flags = command.options.map(({ short, long }) => [long, short].filter((flag) => flag != null));
    expect(flags.filter((names) => !names.some((flag) => pages.includes(flag)))).toEqual([]);
  });

  it('is in docs/cli.md', () => {
    const [first = '', second] = path.split(' ');
    // `product add`, `update`, … stand together.
    const told = page.split('\n').filter((line) => line.includes(`\`${first}`));
    expect(told.filter((line) => second === undefined || new RegExp(`[ \`]${second}\\b`).test(line))).not.toEqual([]);
  });
});

it('the program itself tells what to type first and how it ends, in 80 columns', async () => {
  const { stdout } = await commandLine(['--help'], { columns: 80 });
  const told = stdout.slice(stdout.indexOf('Examples:'));
  expect(Array.from(told.matchAll(/^ {2}(\d+) +\S/gm), ([, code]) => Number(code))).toEqual(Object.values(exitCodes));
  const examples = Array.from(told.matchAll(/^ {2}\$ privyseal (.*)$/gm), ([, line]) => wordsOf(line!)[0]);
  const verbs = program.commands.map((verb) => verb.name());
  expect([examples.length > 0, examples.filter((verb) => !verbs.includes(verb!))]).toEqual([true, []]);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

it('the program itself lists its verbs', async () => {
  const { code, stdout } = await commandLine(['--help']);
  expect([code, program.commands.filter((verb) => !stdout.includes(verb.name()))]).toEqual([0, []]);
});

it.each([
  ['version', 'Did you mean `privyseal --version`?'],
  ['-v', 'Did you mean `privyseal --version`?'],
  ['ls', 'Did you mean `privyseal list`?'],
  ['lst', 'Did you mean `privyseal list`?'],
  ['start', 'Did you mean `privyseal serve`?'],
  ['verify', 'Did you mean `privyseal audit verify`?'],
  ['passwd', 'Did you mean `privyseal vault passwd`?'],
  ['audit vrfy', 'Did you mean `privyseal audit verify`?'],
  ['token rm 12', 'Did you mean `privyseal token remove`?'],
  ['authority rotate begin', 'See `privyseal authority rotate --help`.'],
  ['product delete dev/a', 'Did you mean `privyseal product remove`?'],
  ['list --limt 3', 'Did you mean `--limit`?'],
  ['constructor', "unknown command 'constructor'. See"],
  ['add', "unknown command 'add'. See `privyseal --help`."],
  ['help nothing', "unknown command 'nothing'. See"],
])('%s is refused with what was meant', async (words, hint) => {
  const { code, stdout, stderr } = await commandLine(words.split(' '), { cwd: '/' });
  expect([code, stdout, stderr.split('\n').length]).toEqual([2, '', 2]);
  expect(stderr).toContain(hint);
});

it.each([
  ['help', 'Usage: privyseal [options]'],
  ['help --json', 'Usage: privyseal [options]'],
  ['help audit', 'Usage: privyseal audit [options]'],
  ['help audit verify', 'Usage: privyseal audit verify'],
  ['help authority rotate plan', 'Usage: privyseal authority rotate plan'],
  ['help operator remove alice --yes', 'Usage: privyseal operator remove'],
])('%s explains that verb, and does nothing', async (words, usage) => {
  const { code, stdout } = await commandLine(words.split(' '));
  expect([code, stdout]).toEqual([0, expect.stringContaining(usage)]);
});

it('suggests no verb that there is not', async () => {
  const typed = [
    ...readFileSync(new URL('../../../src/faces/cli/meant.ts', import.meta.url), 'utf8').matchAll(/^ {2}(\w+): \[/gm),
  ];
  expect(typed.length).toBeGreaterThan(20);
  for (const [, word = ''] of typed) {
    const { stderr } = await commandLine([word]);
    const [, ...path] = (/Did you mean `([^`]+)`/.exec(stderr)?.[1] ?? '').split(' ');
    expect((await commandLine(['help', ...path])).code).toBe(0);
  }
});
