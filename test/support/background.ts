/** Programs that run beside a test: their output is kept, waited for, and they end with the test. */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { ownEnvironment } from './own-environment.ts';

export interface BackgroundOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Background {
  readonly pid: number;
  /** Its standard input, open until it is ended. */
  readonly input: Writable;
  /** Standard output and error so far. */
  output(): string;
  /** Resolves with the exit code when it has ended; -1 when a signal ended it. */
  readonly ended: Promise<number>;
  readonly running: boolean;
  /** Waits until the output matches; rejects with the output when the program ends first, or takes too long. */
  until(pattern: RegExp, withinMs?: number): Promise<void>;
  /** SIGTERM unless told otherwise, SIGKILL when it does not listen; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<number>;
}

export function startBackground(
  program: string,
  args: readonly string[],
  { cwd, env }: BackgroundOptions = {},
): Background {
  const child = spawn(program, args, { cwd, env: { ...ownEnvironment(), ...env }, stdio: 'pipe' });
  // What is written to a program that has ended is lost; its exit code tells.
  child.stdin.on('error', () => {});
  let output = '';
  let running = true;
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number>((done) => {
    child.on('error', (error) => keep(Buffer.from(String(error))));
    child.on('close', (code) => {
      running = false;
      done(code ?? -1);
    });
  });
  return {
    pid: child.pid ?? 0,
    input: child.stdin,
    ended,
    output: () => output,
    get running() {
      return running;
    },
    async until(pattern, withinMs = 60_000) {
      const deadline = performance.now() + withinMs;
      while (!pattern.test(output)) {
        if (!running) throw new Error(`${program} ended before it said ${pattern}:\n${output}`);
        if (performance.now() > deadline) throw new Error(`${program} did not say ${pattern}:\n${output}`);
        await pause(20);
      }
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}
