/** Completion, asked of the shells themselves: each one loads its script and says what it would offer. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { describeWith, run } from '../../support/judges.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

interface Typed {
  readonly what: string;
  /** The last one is being typed. */
  readonly words: readonly string[];
  readonly has: readonly string[];
  readonly hasNot?: readonly string[];
}

const typed: readonly Typed[] = [
  { what: 'verbs', words: ['re'], has: ['request', 'revoke', 'release'], hasNot: ['list'] },
  { what: 'verbs below a verb', words: ['context', ''], has: ['add', 'list', 'use', 'show', 'remove'] },
  {
    what: 'options of a verb, and those of all',
    words: ['revoke', '--'],
    has: ['--reason', '--yes', '--json', '--context'],
  },
  { what: 'no options of another verb', words: ['show', '--'], has: ['--pem'], hasNot: ['--reason'] },
  {
    what: 'values of an option',
    words: ['revoke', 'abc', '--reason', 'c'],
    has: ['cACompromise', 'certificateHold'],
    hasNot: ['superseded'],
  },
  {
    what: 'values of an option that may be repeated',
    words: ['list', '--status', 'valid', '--status', ''],
    has: ['pending', 'revoked', 'held'],
  },
  { what: 'the verb after an option with its value', words: ['--url', 'context', 'env'], has: ['environment'] },
  { what: 'files', words: ['--ca', 'sys'], has: ['system.pem'] },
  { what: 'folders', words: ['--home', 'sub'], has: ['subfolder'] },
];

const folder = suiteFolder();
const script = async (shell: string): Promise<string> => {
  const { code, stdout } = await commandLine(['completion', shell]);
  expect(code).toBe(0);
  const file = folder(`completion.${shell}`);
  writeFileSync(file, stdout);
  return file;
};

beforeAll(async () => {
  writeFileSync(folder('system.pem'), '');
  mkdirSync(folder('subfolder'));
});

/** What `shell` offers for each of `typed`, by the commands that ask it. */
function offersOf(shell: 'bash' | 'zsh' | 'fish', asking: (file: string, words: readonly string[]) => string[]): void {
  describeWith(shell, `completion in ${shell}`, () => {
    it.each(typed)('offers $what', async ({ words, has, hasNot = [] }) => {
      const ran = await run(shell, asking(await script(shell), words), { cwd: folder('.') });
      // A description stands after a tab in fish, after a colon in zsh; a folder may end in a slash.
      const offered = ran.stdout
        .toString()
        .split('\n')
        .map((line) => line.split(/[\t:]/)[0]!.replace(/\/$/, ''));
      expect([ran.code, ran.stderr, offered]).toEqual([0, '', expect.arrayContaining([...has])]);
      expect(offered.filter((word) => hasNot.includes(word))).toEqual([]);
    });
  });
}

offersOf('bash', (file, words) => [
  ...['--norc', '--noprofile', '-c'],
  `source "$0"; COMP_WORDS=(privyseal "$@"); COMP_CWORD=$#; _privyseal; IFS=$'\\n'; echo "\${COMPREPLY[*]}"`,
  ...[file, ...words],
]);

offersOf('fish', (file, words) => [
  ...['--no-config', '-c', 'source $argv[1]; complete -C "privyseal $argv[2..-1]"', '--', file, ...words],
]);

// Outside of its line editor zsh completes nothing: its own functions are stood in for, and show what they are given.
const zshStandIns = `
compdef() { : }
starting() { local word; for word in "$@"; do [[ "$word" = "$PREFIX"* ]] && print -r -- "$word"; done; return 0 }
compadd() { shift; starting "$@" }
_describe() { starting "\${(@P)2}" }
_files() { starting *(N) }
_message() { : }
`;
offersOf('zsh', (file, words) => [
  ...['-f', '-c'],
  `${zshStandIns} source "$0"; words=(privyseal "$@"); CURRENT=$#words; PREFIX="$words[-1]"; _privyseal`,
  ...[file, ...words],
]);

it('completion of no shell is refused', async () => {
  expect((await commandLine(['completion', 'tcsh'])).code).toBe(2);
});
