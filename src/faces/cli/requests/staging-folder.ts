/** The hidden folder in which a set of files is made; one that a killed run left is removed by the next run to the same place. */
import { hash, randomBytes } from 'node:crypto';
import { access, link, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { takeLock } from '../../../files/kernel-lock.ts';
import { syncFolder } from '../../../files/sync-folder.ts';

export interface StagingFolder {
  readonly path: string;
  /** The folder of the files in it, which may be renamed away. */
  readonly files: string;
  /** With what is in it. */
  remove(): Promise<void>;
}

const lockName = 'lock';
const filesName = 'set';

/** For files that will be in `folder`. It has the name by which it is swept only while it is locked. */
export async function makeStagingFolder(parent: string, folder: string): Promise<StagingFolder> {
  const path = join(parent, `${prefixOf(folder)}${randomBytes(8).toString('hex')}`);
  const unlocked = `${path}.new`;
  await mkdir(unlocked, { mode: 0o700 });
  // A file system without locks has the set all the same; what a kill leaves there, nobody can tell from what is in use.
  const lock = await takeLock(join(unlocked, lockName)).catch(() => undefined);
  const staging = lock ? path : unlocked;
  const remove = async (): Promise<void> => {
    await rm(staging, { recursive: true, force: true });
    lock?.release();
  };
  try {
    await mkdir(join(unlocked, filesName), { mode: 0o700 });
    if (lock) await rename(unlocked, path);
  } catch (error) {
    await rm(unlocked, { recursive: true, force: true });
    await remove();
    throw error;
  }
  return { path: staging, files: join(staging, filesName), remove };
}

/** What killed runs left for files of `folder`, in it and beside it. What is in use, or not surely ours, stays. */
export async function sweepStagingFolders(folder: string): Promise<void> {
  const prefix = prefixOf(folder);
  for (const parent of [dirname(folder), folder]) {
    const names = await readdir(parent).catch(() => []);
    const left = names.filter((name) => name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length)));
    // One that cannot be removed is in nobody's way.
    for (const name of left) await sweep(join(parent, name)).catch(() => {});
  }
}

/** Names of files have at most 255 octets, of which a folder named as its certificate is may have nearly all. */
function prefixOf(folder: string): string {
  const name = basename(folder);
  return `.${Buffer.byteLength(name) <= 200 ? name : hash('sha256', name).slice(0, 32)}-`;
}

async function sweep(path: string): Promise<void> {
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) return;
  const lock = await takeLock(join(path, lockName), { mustExist: true });
  try {
    if (await endsWhole(path)) await rm(path, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}

/**
 * A kill between two links leaves some of the files in place and all of them here, on the disk: the others follow. False
 * where something else has the name of one by now.
 */
async function endsWhole(path: string): Promise<boolean> {
  const [from, to] = [join(path, filesName), dirname(path)];
  const staged = await readdir(from).catch(() => []);
  const links = await Promise.all(staged.map(async (name) => (await lstat(join(from, name))).nlink));
  const missing = staged.filter((_name, index) => links[index] === 1);
  if (missing.length === staged.length || missing.length === 0) return true;
  const taken = await Promise.all(missing.map((name) => isThere(join(to, name))));
  if (taken.includes(true)) return false;
  for (const name of missing) await link(join(from, name), join(to, name));
  await syncFolder(to);
  return true;
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
