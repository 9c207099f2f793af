/** Writes a new file that has its name only when it is whole and on the disk: whatever is killed when, no half of it passes for all. */
import { access, type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveName } from '../../files/give-name.ts';
import { makeWorkFolder } from '../../files/locked-folder.ts';
import { syncFolder } from '../../files/sync-folder.ts';

/**
 * Resolves when `file` and its name are durable. Rejects with EEXIST, changing nothing, where it is there, before `fill` is called
 * if it was by then; and with what `fill` rejects with. A kill leaves at most `.privyseal.….tmp` beside it, which the next such file in
 * its folder removes, and where files have no links and it comes in their last moment, `file` without an octet in it.
 */
export async function writeNewFile(
  file: string,
  mode: 0o600 | 0o644,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  await refuseTaken(file);
  const work = await makeWorkFolder(dirname(file));
  try {
    const unnamed = join(work.path, 'file');
    await using handle = await open(unnamed, 'wx', mode);
    await fill(handle);
    await handle.sync();
    await giveName(unnamed, file);
  } finally {
    await work.remove();
  }
  await syncFolder(dirname(file));
}

async function refuseTaken(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw Object.assign(new Error(`${file} exists`), { code: 'EEXIST' });
}
