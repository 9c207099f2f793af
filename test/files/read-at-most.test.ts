import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAtMost } from '#src/files/read-at-most.ts';
import { run } from '../support/judges.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function read(path: string, most: number): Promise<string | undefined> {
  await using file = await open(path, 'r');
  return (await readAtMost(file, most))?.toString();
}

describe('a small file', () => {
  it.each([0, 1, 16_383, 16_384, 16_385, 100_000])(
    'of %d octets is read whole where so many are allowed, and not in part where one less is',
    async (length) => {
      const content = 'x'.repeat(length);
      const path = temporaryFolder().write('small', content);
      expect(await read(path, length)).toBe(content);
      expect(await read(path, length + 100_000)).toBe(content);
      if (length > 0) expect(await read(path, length - 1)).toBeUndefined();
    },
  );

  it('may be a pipe, whose length nobody knows beforehand', async () => {
    const path = join(temporaryFolder().path, 'pipe');
    await run('mkfifo', [path]);
    const [writer, found] = [open(path, 'w'), read(path, 100)];
    await using end = await writer;
    for (const part of ['in ', 'two parts']) await end.write(part);
    await end.close();
    expect(await found).toBe('in two parts');
  });
});
