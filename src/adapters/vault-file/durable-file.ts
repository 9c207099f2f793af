/** Files of the vault: made whole or not at all, durable before anybody is told, and never made over an existing one. */
import { constants, type FileHandle, link, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../files/sync-folder.ts';
import type { Randomness } from '../../ports/randomness.ts';

/** What a crash may leave: nothing else in the folder has such a name. */
const leftover = /^\..+\.[0-9a-f]{16}\.tmp$/;

/**
 * Makes `path` (0600) with `content`; rejects with EEXIST, changing nothing, when it is there. The name appears by
 * link(2), which unlike rename(2) refuses to replace; a crash leaves the whole file or an unnamed leftover.
 */
export async function createFile(path: string, content: string, randomness: Randomness): Promise<void> {
  const suffix = Buffer.from(randomness.bytes(8)).toString('hex');
  const temporary = join(dirname(path), `.${basename(path)}.${suffix}.tmp`);
  try {
    await writeThrough(temporary, content);
    await link(temporary, path);
  } finally {
    // When this fails, the next opening sweeps; the outcome is already decided.
    await unlink(temporary).catch(() => {});
  }
  await syncFolder(dirname(path));
}

/** Removes `path`, durably. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path);
  await syncFolder(dirname(path));
}

/** Makes the folder (0700) and its name durable; nothing happens when it exists. */
export async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(dirname(made));
}

/** Removes what a crash left behind. Only for the one process that owns the folder. */
export async function sweepLeftovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => leftover.test(name));
  await Promise.all(names.map((name) => unlink(join(folder, name))));
}

async function writeThrough(path: string, content: string): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
  await using file: FileHandle = await open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  await file.writeFile(content);
  await file.sync();
}
