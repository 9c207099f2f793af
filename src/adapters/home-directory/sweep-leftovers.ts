/** What a crash left of files that were being replaced, in a home and the folders in it. */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporaryName } from '../../files/whole-file.ts';
import { entriesBelow } from './entries-below.ts';

/** Only for the one process that owns the home. */
export async function sweepLeftovers(home: string): Promise<void> {
  const left = (await entriesBelow(home)).filter((entry) => entry.isFile() && isTemporaryName(entry.name));
  await Promise.all(left.map(({ parentPath, name }) => unlink(join(parentPath, name))));
}
