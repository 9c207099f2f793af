/** The hidden folder in which a set of files is made; one that a killed run left is removed by the next run to the same place. */
import { hash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { giveName } from '../../../files/give-name.ts';
import { type LockedFolder, makeLockedFolder, sweepLockedFolder } from '../../../files/locked-folder.ts';
import { syncFolder } from '../../../files/sync-folder.ts';

export interface StagingFolder extends LockedFolder {
  /** The folder of the files in it, which may be renamed away. */
  readonly files: string;
}

const filesName = 'set';
const orderName = 'order';

/** For files that will be in `folder`. */
export async function makeStagingFolder(parent: string, folder: string): Promise<StagingFolder> {
  const locked = await makeLockedFolder(join(parent, `${prefixOf(folder)}${randomBytes(8).toString('hex')}`));
  const files = join(locked.path, filesName);
  try {
    await mkdir(files, { mode: 0o700 });
  } catch (error) {
    await locked.remove();
    throw error;
  }
  return { ...locked, files };
}

/** What killed runs left for files of `folder`, in it and beside it. What is in use, or not surely ours, stays. */
export async function sweepStagingFolders(folder: string): Promise<void> {
  const prefix = prefixOf(folder);
  for (const parent of [dirname(folder), folder]) {
    const names = await readdir(parent).catch(() => []);
    const left = names.filter((name) => name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length)));
    // One that cannot be removed is in nobody's way.
    for (const path of left.map((name) => join(parent, name)))
      await sweepLockedFolder(path, () => endsWhole(path)).catch(() => {});
  }
}

/** Names of files have at most 255 octets, of which a folder named as its certificate is may have nearly all. */
function prefixOf(folder: string): string {
  const name = basename(folder);
  return `.${Buffer.byteLength(name) <= 200 ? name : hash('sha256', name).slice(0, 32)}-`;
}

/** Before the first of them is given its name, so that the next run knows which were to follow. In the order of `names`. */
export async function keepOrder(staging: string, names: readonly string[]): Promise<void> {
  await writeFile(join(staging, orderName), JSON.stringify(names), { mode: 0o600, flush: true });
  await syncFolder(staging);
}

/** None from a run that did not come to that. */
const readOrder = async (path: string): Promise<readonly string[]> =>
  readFile(join(path, orderName), 'utf8').then(
    (text) => JSON.parse(text) as string[],
    () => [],
  );

/**
 * A kill between two names leaves some of the files in place and the others here, on the disk: these follow. False where
 * something else has the name of one by now.
 */
async function endsWhole(path: string): Promise<boolean> {
  const [from, to] = [join(path, filesName), dirname(path)];
  const names = await readOrder(path);
  const states = await Promise.all(names.map((name) => stateOf(join(from, name), join(to, name))));
  if (states.every((state) => state === 'staged')) return true;
  if (states.includes('taken')) return false;
  for (const [index, name] of names.entries()) {
    const [temporary, file] = [join(from, name), join(to, name)];
    if (states[index] === 'staged') await giveName(temporary, file);
    if (states[index] === 'begun') await rename(temporary, file);
  }
  await syncFolder(to);
  return true;
}

/** `begun`: an empty file has the name, as where there are no links a file gets its own. */
type State = 'staged' | 'begun' | 'placed' | 'taken';

async function stateOf(temporary: string, file: string): Promise<State> {
  const [staged, found] = await Promise.all([statOf(temporary), statOf(file)]);
  // Linked, or moved: what became of it afterwards is not ours to mend.
  if (!staged || staged.nlink > 1) return 'placed';
  if (!found) return 'staged';
  return found.isFile() && found.size === 0 ? 'begun' : 'taken';
}

const statOf = (path: string): Promise<Stats | undefined> => lstat(path).catch(() => undefined);
