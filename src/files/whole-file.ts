/** Files that are whole or not there: written under a name of their own, on the disk before they have the one that counts. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { giveName } from './give-name.ts';
import { syncFolder } from './sync-folder.ts';

export interface FileContent {
  readonly content: string | Uint8Array;
  readonly mode: number;
  /** Undefined: whoever writes it. */
  readonly owner?: FileOwner;
}

export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** A name beside `path` that nobody has. */
export const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);

/** What a crash may leave of one that is made. */
export const isTemporaryName = (name: string): boolean => /^\..+\.[0-9a-f]{16}\.tmp$/.test(name);

/** A new file, on the disk when it returns; the caller makes its name durable. Rejects with EEXIST where it is there. */
export async function writeNewFile(path: string, { content, mode, owner }: FileContent): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', 0o600);
  await file.writeFile(content);
  if (owner) await file.chown(owner.uid, owner.gid);
  // After chown, which clears bits; the mode given to open is cut by the umask.
  await file.chmod(mode);
  await file.sync();
}

/** A reader, or a crash, sees the old content or the new; both the file and its name are durable. */
export const replaceFile = (path: string, content: FileContent): Promise<void> => make(path, content, rename);

/** The same for a file that is not there yet; rejects with EEXIST, changing nothing, where it is. */
export const createFile = (path: string, content: FileContent): Promise<void> => make(path, content, giveName);

async function make(
  path: string,
  content: FileContent,
  name: (temporary: string, path: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await writeNewFile(temporary, content);
    await name(temporary, path);
  } finally {
    // The outcome is decided already; what stays is swept.
    await rm(temporary, { force: true }).catch(() => {});
  }
  await syncFolder(dirname(path));
}

/** Durably; one that is gone already is as good. Rejects where its folder is gone, which may come back with the file. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}
