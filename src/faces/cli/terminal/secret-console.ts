/** Asks for secrets on the terminal without showing them, or reads them line by line from what is piped in. Never from arguments. */
import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { CliIo } from './io.ts';

export interface OpenConsole {
  ask(question: string): Promise<string | undefined>;
  tell(line: string): void;
  /** Gives the terminal back. */
  close(): void;
}

/** Touches standard input only once something is asked. */
export function openConsole({ stdin = process.stdin, stderr }: Pick<CliIo, 'stdin' | 'stderr'>): OpenConsole {
  const isTerminal = 'isTTY' in stdin && stdin.isTTY === true;
  let lines: Interface | undefined;
  let answers: AsyncIterator<string> | undefined;
  return {
    async ask(question) {
      lines ??= isTerminal
        ? hiddenLines(stdin)
        : createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
      answers ??= lines[Symbol.asyncIterator]();
      stderr.write(question);
      const { value, done } = await answers.next();
      stderr.write('\n');
      if (done) return undefined;
      return isTerminal ? edited(value) : value;
    },
    tell: (line) => void stderr.write(`${line}\n`),
    close: () => lines?.close(),
  };
}

/** Readline edits no lines where TERM is `dumb`: a passphrase would keep what was taken back, and the keys that took it. */
function edited(line: string): string {
  let kept: string[] = [];
  for (const key of line) {
    if (key === '\x7f' || key === '\b') kept.pop();
    else if (key === '\x15') kept = [];
    else kept.push(key);
  }
  return kept.join('');
}

/** Line editing of the terminal, with an output that shows nothing and remembers nothing. */
function hiddenLines(input: NodeJS.ReadableStream): Interface {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  // In raw mode the terminal does not turn Ctrl-C into a signal.
  lines.on('SIGINT', () => {
    lines.close();
    process.kill(process.pid, 'SIGINT');
  });
  return lines;
}
