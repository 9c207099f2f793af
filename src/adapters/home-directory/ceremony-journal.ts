/** The journal of an offline root as a file of its home: lines are only ever added, and durable before anything leaves. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../files/sync-folder.ts';
import type { CeremonyJournal } from '../../ports/ceremony-journal.ts';
import { unlessUnwritable } from './home-directory.ts';

export const journalName = 'ceremony.jsonl';

/** For the one process that has the home's lock. */
export function openCeremonyJournal(home: string): CeremonyJournal {
  const path = join(home, journalName);
  const lines = async (): Promise<readonly string[]> => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    // What comes after the last line feed was cut short by a crash: nobody was told of it.
    return text.split('\n').slice(0, -1);
  };
  return {
    lines,
    append: (line) =>
      unlessUnwritable(home, async () => {
        const whole = (await lines()).reduce((length, each) => length + Buffer.byteLength(each) + 1, 0);
        await using file: FileHandle = await open(path, 'a', 0o600);
        await file.truncate(whole);
        await file.writeFile(`${line}\n`);
        await file.sync();
        await syncFolder(home);
      }),
  };
}
