/** What every reload action is given, answers and throws. */
import { printable } from '../../domain/policy/printable.ts';

export interface ReloadContext {
  /** Absolute folder through which the program reads the set. */
  readonly files: string;
  /** Aborts the action: what it started is ended, and it rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** What was done, in a sentence for a person. */
export interface ReloadDone {
  readonly detail: string;
}

const longestLine = 500;
const mostLines = 60;

/** The program did not take its new files; the message says why, `output` what programs said, safe to print. */
export class ReloadError extends Error {
  readonly output: string;

  constructor(message: string, output = '', cause?: unknown) {
    super(message, { cause });
    this.name = 'ReloadError';
    this.output = safeLines(output);
  }
}

/** The last lines: programs end with what went wrong. */
function safeLines(text: string): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  return lines
    .slice(-mostLines)
    .map((line) => printable(line, longestLine))
    .join('\n');
}
