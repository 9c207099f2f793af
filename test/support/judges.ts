/** Finds and runs the programs that judge us (openssl, nginx, pkilint ...) and skips, or fails, the tests whose judge is missing. */

import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, it, type TestFunction } from 'vitest';
import { ownEnvironment } from './own-environment.ts';

const judgeNames = [
  ...(['openssl', 'curl', 'nginx', 'wrk', 'keytool', 'java', 'javac', 'mvn', 'python3', 'faketime', 'strace'] as const),
  ...(['pkilint', 'schemathesis', 'bash', 'zsh', 'fish', 'promtool', 'prometheus', 'prlimit', 'bao'] as const),
  ...(['softhsm2-util', 'gcc', 'jq'] as const),
];
export type JudgeName = (typeof judgeNames)[number];

/** Where a judge is, or one sentence on why there is none. */
export type Judge = { readonly path: string } | { readonly missing: string };

const root = resolve(import.meta.dirname, '../..');

/** Where judges that come from PyPI are: the variable that says so, and where .ci/run puts them. */
const virtualEnvironments: Readonly<
  Partial<Record<JudgeName, { readonly variable: string; readonly folder: string }>>
> = {
  pkilint: { variable: 'JUDGE_PKILINT', folder: '.ci/venv/bin' },
  schemathesis: { variable: 'JUDGE_SCHEMATHESIS', folder: '.ci/venv-schemathesis/bin' },
  bao: { variable: 'JUDGE_OPENBAO', folder: '.ci/venv-openbao/bin' },
};

/** What a judge's program is called, where that is not its name. */
const programs: Readonly<Partial<Record<JudgeName, string>>> = { pkilint: 'lint_pkix_cert', schemathesis: 'st' };

/** Debian keeps servers out of a user's PATH; a virtual environment is never in it. */
function foldersOf(name: JudgeName): string[] {
  const path = (process.env.PATH ?? '').split(delimiter);
  const environment = virtualEnvironments[name];
  if (environment) {
    const given = process.env[environment.variable];
    return [...(given ? [given] : []), ...path, join(root, environment.folder)];
  }
  if (['keytool', 'java', 'javac'].includes(name) && process.env.JAVA_HOME)
    return [...path, join(process.env.JAVA_HOME, 'bin')];
  return [...path, '/usr/local/sbin', '/usr/sbin', '/sbin'];
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

const found = new Map<JudgeName, Judge>();

/** Looks once for each name; the path is that of its program in `programs`. */
export function judge(name: JudgeName): Judge {
  let answer = found.get(name);
  if (answer === undefined) {
    const file = programs[name] ?? name;
    const path = foldersOf(name)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, file))
      .find(isProgram);
    answer = path === undefined ? { missing: `${name} is not installed here` } : { path };
    found.set(name, answer);
  }
  return answer;
}

/** The path of a judge; throws when it is missing, so call it inside `itWith` or `describeWith`. */
export function pathOf(name: JudgeName): string {
  const answer = judge(name);
  if ('missing' in answer) throw new Error(answer.missing);
  return answer.path;
}

/** CI sets this: there a missing judge is a failure, never a silent skip. */
export const judgesRequired = process.env.JUDGES_REQUIRED === '1';

/** Judges by name, or what was looked for elsewhere: programs that Maven brings, for instance. */
export type Judges = JudgeName | Judge | readonly (JudgeName | Judge)[];

function missingOf(judges: Judges): string | undefined {
  const reasons = [judges].flat().flatMap((wanted) => {
    const answer = typeof wanted === 'string' ? judge(wanted) : wanted;
    return 'missing' in answer ? [answer.missing] : [];
  });
  return reasons.length > 0 ? reasons.join(', ') : undefined;
}

/** `it` that needs these judges: skipped with the reason in its name when one is missing, failing if judges are required. */
export function itWith(names: Judges, sentence: string, test: TestFunction, timeoutMs?: number): void {
  const missing = missingOf(names);
  if (missing === undefined) it(sentence, test, timeoutMs);
  else if (judgesRequired) it(sentence, () => Promise.reject(new Error(missing)));
  else it.skip(`${sentence} (skipped: ${missing})`, test);
}

/** `describe` that needs these judges; the same rules as `itWith`. */
export function describeWith(names: Judges, sentence: string, suite: () => void): void {
  const missing = missingOf(names);
  if (missing === undefined) describe(sentence, suite);
  else if (judgesRequired) describe(sentence, () => it('has its judges', () => Promise.reject(new Error(missing))));
  else describe.skip(`${sentence} (skipped: ${missing})`, suite);
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Killed after this; two minutes if absent. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a judge by name, or any program by its path, to its end. Rejects only when it cannot be started, or does not end. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const path = isJudgeName(program) ? pathOf(program) : program;
  const { timeoutMs = 120_000 } = options;
  return new Promise((done, failed) => {
    const child = spawn(path, args, {
      cwd: options.cwd,
      env: { ...ownEnvironment(), ...options.env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', failed);
    child.on('close', (code) => {
      const told = Buffer.concat(stderr).toString();
      // Nobody else kills it.
      if (child.killed) failed(new Error(`${program} did not end within ${timeoutMs / 1000} s: ${told}`));
      else done({ code: code ?? -1, stdout: Buffer.concat(stdout), stderr: told });
    });
    // A program that ends before it has read everything is no failure of ours: its exit code tells.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  });
}

const isJudgeName = (name: string): name is JudgeName => (judgeNames as readonly string[]).includes(name);

/** What pkilint can judge. */
export interface LintedDocument {
  readonly kind: 'certificate' | 'crl' | 'ocsp';
  /** DER, or PEM text. */
  readonly bytes: Uint8Array | string;
}

export interface PkilintFinding {
  /** FATAL, ERROR, WARNING, NOTICE, INFO or DEBUG. */
  readonly severity: string;
  /** Such as `pkix.subject_key_identifier_method_1_identified`. */
  readonly code: string;
  readonly node: string;
  readonly message: string | null;
}

/** The findings on each document, in order, from one Python process: starting one costs over a second. */
export async function pkilintAll(documents: readonly LintedDocument[]): Promise<PkilintFinding[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-pkilint-'));
  try {
    const named = documents.map(({ kind, bytes }, index) => {
      const file = join(folder, `${index}`);
      writeFileSync(file, bytes);
      return `${kind}:${file}`;
    });
    const python = join(dirname(pathOf('pkilint')), 'python3');
    const ran = await run(python, [join(import.meta.dirname, 'pkilint_batch.py')], {
      input: named.join('\n'),
      timeoutMs: 120_000,
    });
    if (ran.code !== 0) throw new Error(`pkilint ended with ${ran.code}: ${ran.stderr}`);
    return JSON.parse(ran.stdout.toString()) as PkilintFinding[][];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Findings of pkilint on one certificate, DER or PEM; use `pkilintAll` for several. */
export async function pkilintCertificate(bytes: Uint8Array | string): Promise<PkilintFinding[]> {
  const [findings = []] = await pkilintAll([{ kind: 'certificate', bytes }]);
  return findings;
}
