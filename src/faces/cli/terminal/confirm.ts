/** Asks a person yes or no. */
import { createInterface } from 'node:readline';
import type { CliIo } from './io.ts';

/** True only for `y` or `yes`; an empty answer or the end of input is no. */
export async function confirm({ stdin = process.stdin, stderr }: CliIo, question: string): Promise<boolean> {
  stderr.write(question);
  const lines = createInterface({ input: stdin });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}
