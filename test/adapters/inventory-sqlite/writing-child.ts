/** Runs writing-process.ts as a child of the test and hears its lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const writingProgram = fileURLToPath(new URL('./writing-process.ts', import.meta.url));

export interface WritingChild {
  readonly child: ChildProcess;
  /** Everything it said so far. */
  readonly lines: readonly string[];
  /** Resolves when a line that was not there at the call satisfies `is`; rejects when the child ends before. */
  hear(is: (line: string) => boolean): Promise<string>;
  /** SIGKILL, and the wait until it is gone. */
  kill(): Promise<void>;
}

/** `command` runs the child, by default this Node itself; `as` is the user it runs as, by default this one. */
export function startWriting(
  args: readonly string[],
  { command = [process.execPath], as = {} }: { command?: readonly string[]; as?: { uid?: number; gid?: number } } = {},
): WritingChild {
  const [program = '', ...before] = command;
  const child = spawn(program, [...before, writingProgram, ...args], { stdio: ['ignore', 'pipe', 'inherit'], ...as });
  const lines: string[] = [];
  const heard = createInterface(child.stdout!);
  heard.on('line', (line) => lines.push(line));
  return {
    child,
    lines,
    hear: (is) =>
      new Promise((resolve, reject) => {
        const ended = (): void => reject(new Error(`the child ended; its last words: ${lines.slice(-3).join(', ')}`));
        const listen = (line: string): void => {
          if (!is(line)) return;
          heard.off('line', listen).off('close', ended);
          resolve(line);
        };
        heard.on('line', listen).once('close', ended);
      }),
    async kill() {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Serials of lines such as `ack SERIAL`. */
export const serialsOf = (lines: readonly string[], word: 'ack' | 'issued'): string[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
