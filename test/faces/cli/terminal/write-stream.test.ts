/** A file that is written while a person looks on: what comes after its progress begins on an empty line. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ClientFailure } from '../../../../src/client/failure.ts';
import type { Session } from '../../../../src/faces/cli/session.ts';
import { writeStream } from '../../../../src/faces/cli/terminal/write-stream.ts';
import { rejectionOf } from '../../../support/rejection.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** What a terminal shows of text with carriage returns; what is written over is gone. */
function screenOf(text: string): string[] {
  return text.split('\n').map((line) => {
    const cells: string[] = [];
    for (const part of line.split('\r')) for (const [at, letter] of [...part].entries()) cells[at] = letter;
    return cells.join('').trimEnd();
  });
}

function onTerminal() {
  const { path } = temporaryFolder();
  let text = '';
  const stderr = {
    write(more: string) {
      text += more;
    },
  };
  const note = (lines: readonly string[]) => stderr.write(`${lines.join('\n')}\n`);
  const session = { io: { isTty: true, stderr }, path: (name: string) => join(path, name), note };
  return { session: session as unknown as Session, stderr, screen: () => screenOf(text) };
}

async function* chunks(sizes: readonly number[], error?: Error): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield Buffer.alloc(size);
  if (error) throw error;
}

it('an error is told on a line of its own', async () => {
  const { session, stderr, screen } = onTerminal();
  const broken = new ClientFailure('connectionBroken', 'It broke.');
  expect(await rejectionOf(writeStream(session, 'out', async () => chunks([2_000_000], broken)))).toBe(broken);
  stderr.write('Broke.\n');
  expect(screen()).toEqual(['Broke.', '']);
});

it('nothing is left of a size that was longer in words', async () => {
  const { session, screen } = onTerminal();
  const sizes: string[] = [];
  async function* watched() {
    for await (const chunk of chunks([999_900, 100])) {
      yield chunk;
      sizes.push(screen().at(-1)!);
    }
  }
  await writeStream(session, 'out', async () => watched());
  expect(sizes).toEqual(['999.9 kB', '1.0 MB']);
  expect(screen()).toEqual([expect.stringMatching(/^Written: .*out \(1\.0 MB\)$/), '']);
});
