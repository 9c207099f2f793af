/** Writes a new file that has its name only when it is whole and on the disk: whatever is killed when, no half of it passes for all. */
import { randomBytes } from 'node:crypto';
import { access, type FileHandle, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveName } from '../../files/give-name.ts';
import { syncFolder } from '../../files/sync-folder.ts';

/**
 * Resolves when `file` and its name are durable. Rejects with EEXIST, changing nothing, where it is there, before `fill` is called
 * if it was by then; and with what `fill` rejects with. A kill leaves at most `.privyseal.….tmp` beside it, and where files have
 * no links and it comes in their last moment, `file` without an octet in it.
 */
export async function writeNewFile(
  file: string,
  mode: 0o600 | 0o644,
  fill: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  await refuseTaken(file);
  const temporary = join(dirname(file), `.privyseal.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx', mode);
  try {
    try {
      await fill(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await giveName(temporary, file);
  } finally {
    // Gone already where it was renamed.
    await unlink(temporary).catch(() => {});
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
