/** A hidden folder in which something is made, locked by its process: what a killed run left is told from what is in use, and removed. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { takeLock } from './kernel-lock.ts';

export interface LockedFolder {
  readonly path: string;
  /** With what is in it. */
  remove(): Promise<void>;
}

const lockName = 'lock';

/**
 * For its owner alone (0700). It has the name `path` only while it is locked; on a file system without locks it has another,
 * and stays when it is killed, for nobody can tell there whether it is in use.
 */
export async function makeLockedFolder(path: string): Promise<LockedFolder> {
  const unlocked = `${path}.new`;
  await mkdir(unlocked, { mode: 0o700 });
  const lock = await takeLock(join(unlocked, lockName)).catch(() => undefined);
  const remove = async (folder: string): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    lock?.release();
  };
  if (lock) {
    try {
      await rename(unlocked, path);
    } catch (error) {
      await remove(unlocked);
      throw error;
    }
  }
  const name = lock ? path : unlocked;
  return { path: name, remove: () => remove(name) };
}

/** Removes what a killed run left, once `finish`, called while it is locked, says that nothing in it is needed any more. */
export async function sweepLockedFolder(path: string, finish = async () => true): Promise<void> {
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) return;
  const lock = await takeLock(join(path, lockName), { mustExist: true });
  try {
    if (await finish()) await rm(path, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}

/** In `parent`, for a file that will have its name there when it is whole; first removes what killed runs left of such ones. */
export async function makeWorkFolder(parent: string): Promise<LockedFolder> {
  const names = await readdir(parent).catch(() => []);
  // One that is in use, or cannot be removed, is in nobody's way.
  for (const name of names.filter(isWorkFolder)) await sweepLockedFolder(join(parent, name)).catch(() => {});
  return makeLockedFolder(join(parent, `.privyseal.${randomBytes(8).toString('hex')}.tmp`));
}

const isWorkFolder = (name: string): boolean => /^\.privyseal\.[0-9a-f]{16}\.tmp$/.test(name);
