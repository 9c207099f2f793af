/** Deadlines on the command line: a length of time from now, or a time. */
import { InvalidArgumentError } from 'commander';
import { readTime } from './arguments.ts';
import { parseLength } from './terminal/words.ts';

/** Seconds from now, or the text of a time. */
export type Deadline = number | string;

export function readDeadline(text: string): Deadline {
  const length = parseLength(text);
  if (length !== undefined) return length;
  try {
    return readTime(text);
  } catch {
    throw new InvalidArgumentError('A deadline is like 7d from now, 2026-12-01 or 2026-12-01T07:00:00Z.');
  }
}

/** As the service takes it; `now` in Unix milliseconds. */
export const timeOfDeadline = (deadline: Deadline, now: number): string =>
  typeof deadline === 'string' ? deadline : `${new Date(now + deadline * 1000).toISOString().slice(0, 19)}Z`;
