/** Replaces files atomically and durably: a reader or a crash sees the old content or the new, nothing between. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../files/sync-folder.ts';
import { entriesBelow } from './entries-below.ts';

/** What a crash may leave beside the file. */
const leftover = /^\..+\.[0-9a-f]{16}\.tmp$/;

export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await writeThrough(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeThrough(path: string, content: string, mode: number): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', mode);
  // Public files stay readable whatever the umask of the service is.
  await file.chmod(mode);
  await file.writeFile(content);
  await file.sync();
}

/** Removes what a crash left in a folder and the folders in it. Only for the one process that owns them. */
export async function sweepLeftovers(folder: string): Promise<void> {
  const left = (await entriesBelow(folder)).filter((entry) => entry.isFile() && leftover.test(entry.name));
  await Promise.all(left.map(({ parentPath, name }) => unlink(join(parentPath, name))));
}
