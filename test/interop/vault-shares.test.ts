/** The program whose passphrase was split: it starts when enough shares are given at its console, and shows them to nobody. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { itWith, run } from '../support/judges.ts';
import { ownEnvironment } from '../support/own-environment.ts';
import { runProgram } from '../support/program-run.ts';
import {
  projectFolder,
  type RunningService,
  serviceExit,
  startService,
  temporaryFolder,
} from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

const folder = temporaryFolder();
const home = join(folder, 'data');
let shares: string[];

beforeAll(async () => {
  expect(await runProgram(home, ['init'])).toMatchObject({ code: 0 });
  const out = join(folder, 'shares');
  const split = await runProgram(home, ['vault', 'split', '--shares', '5', '--threshold', '3', '--out', out]);
  expect([split.code, split.stderr]).toEqual([0, '']);
  shares = readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8').trim());
  for (const share of shares) expect(split.stdout).not.toContain(share);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('serves with any three of five, and shows no share in its output, arguments or environment', async () => {
  let service: RunningService | undefined;
  try {
    const given = [shares[4], 'a mistake', shares[1], shares[2]].join('\n');
    service = await startService({ home, input: `${given}\n`, readyWithinMs: 100_000 });
    expect(await submit(service)).toMatchObject({ status: 201 });
    const shown = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${service?.child.pid}/${name}`, 'utf8'));
    shown.push(service.output());
    expect(service.output()).toContain('no share');
    for (const share of shares) expect(shown.join('\n')).not.toContain(share);
  } finally {
    await service?.dispose();
  }
}, 150_000);

it('says what is missing when there are too few, or nobody is at the console', async () => {
  for (const input of [undefined, `${shares[0]}\n`]) {
    const { code, output } = await serviceExit({ home, ...(input !== undefined && { input }) }, 100_000);
    expect([code, output]).toEqual([1, expect.stringContaining('sharesMissing')]);
    expect(output).not.toContain(shares[0]);
  }
}, 250_000);

interface Terminal {
  /** All that it showed. */
  readonly output: string;
  /** As Python has it: negative for a signal. */
  readonly code: number | null;
  /** Whether it shows again what is typed. */
  readonly echo: boolean;
}

/** A verb at a terminal, with a person who types an answer when the question before it is shown. */
async function atTerminal(args: readonly string[], answers: readonly (readonly [string, string])[]): Promise<Terminal> {
  const asked = {
    argv: [process.execPath, join(projectFolder, 'bin/privyseal.js'), '--home', home, ...args],
    env: ownEnvironment(),
    answers,
  };
  const typing = join(projectFolder, 'test/support/type_at_terminal.py');
  const { stdout, stderr } = await run('python3', [typing], { input: JSON.stringify(asked), timeoutMs: 220_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout.toString()) as Terminal;
}

const sharesTyped = (): (readonly [string, string])[] =>
  [0, 2, 3].map((index, asked) => [`Share ${asked + 1} of 3`, `${shares[index]}\r`] as const);

itWith(
  'python3',
  'gives a real terminal back as it was when Ctrl-C ends the questions',
  async () => {
    const { code, echo, output } = await atTerminal(['vault', 'passwd'], [sharesTyped()[0]!, ['Share 2 of 3', '\x03']]);
    expect({ code, echo }).toEqual({ code: -2, echo: true });
    expect(output).not.toContain(shares[0]);
  },
  250_000,
);

itWith(
  'python3',
  'shows nothing of what is typed at a real terminal: neither shares nor a new passphrase',
  async () => {
    const secret = 'typed by a person at a terminal';
    const answers = [...sharesTyped(), ['New passphrase', `${secret}\r`], ['again', `${secret}\r`]] as const;
    const { code, echo, output } = await atTerminal(['vault', 'passwd'], answers);
    expect([code, echo, output]).toEqual([0, true, expect.stringContaining('Sealed anew')]);
    for (const typed of [...shares, secret]) expect(output).not.toContain(typed);
    const file = join(folder, 'passphrase');
    writeFileSync(file, secret, { mode: 0o600 });
    const service = await startService({
      home,
      env: { PRIVYSEAL_VAULT_PASSPHRASE_FILE: file },
      readyWithinMs: 100_000,
    });
    await service.dispose();
  },
  350_000,
);
