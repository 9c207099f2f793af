/** Writes several files into a folder as one set: all of them or none, durable, and never over a file that is there. */
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { giveName } from '../../../files/give-name.ts';
import { syncFolder } from '../../../files/sync-folder.ts';
import { CliError } from '../cli-error.ts';
import { discardOnInterrupt, interruptedAfter } from '../terminal/interrupt.ts';
import { keepOrder, makeStagingFolder, type StagingFolder, sweepStagingFolders } from './staging-folder.ts';

export interface FileSet {
  /** Into the hidden staging folder (0700), on disk when it returns. */
  write(name: string, content: string | Uint8Array, mode: 0o600 | 0o644): Promise<void>;
  /** Puts every file written so far in place; a signal waits until that has ended. */
  commit(): Promise<void>;
  /** Removes the staging folder and what is in it; after `commit`, nothing. */
  discard(): Promise<void>;
  /** The staging folder. */
  readonly staging: string;
}

/**
 * Refuses at once, before anything irreversible happens, when one of `names` exists or the folder cannot be written. What
 * killed runs left of theirs is gone then. Until it is committed or discarded, a signal discards it and ends the process.
 */
export async function stageFileSet(folder: string, names: readonly string[]): Promise<FileSet> {
  await sweepStagingFolders(folder);
  const existing = await listFolder(folder);
  const taken = names.filter((name) => existing?.includes(name));
  if (taken.length > 0) throw wouldOverwrite(taken.map((name) => join(folder, name)));
  // A folder that is not there yet appears whole by one rename; into one that is, files come by links, which never overwrite.
  const isNew = existing === undefined;
  const staging = await makeStaging(isNew ? dirname(folder) : folder, folder);
  const restoreSignals = discardOnInterrupt(staging.path);
  const written: string[] = [];
  const place = async (): Promise<void> => {
    await syncFolder(staging.files).catch(unwritable(folder));
    if (isNew) await renameFolder(staging.files, folder);
    else {
      await keepOrder(staging.path, written).catch(unwritable(folder));
      await linkAll(staging.files, folder, written);
    }
    await staging.remove();
  };
  return {
    staging: staging.path,
    async write(name, content, mode) {
      await writeDurably(join(staging.files, name), content, mode).catch(unwritable(folder));
      written.push(name);
    },
    // From its first file on the set is whole or nothing: what a signal discards now would be half of it.
    commit() {
      restoreSignals();
      return interruptedAfter(place);
    },
    async discard() {
      await staging.remove();
      restoreSignals();
    },
  };
}

/** Names in `folder`, undefined when there is none. */
async function listFolder(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return unwritable(folder)(error);
  }
}

async function makeStaging(parent: string, folder: string): Promise<StagingFolder> {
  try {
    return await makeStagingFolder(parent, folder);
  } catch (error) {
    return unwritable(parent)(error);
  }
}

async function writeDurably(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.writeFile(content);
    // The mode given to open is cut by the umask.
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** rename(2) fails on a folder that came and got files since it was looked at. */
async function renameFolder(staging: string, folder: string): Promise<void> {
  try {
    await rename(staging, folder);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? ''))
      throw wouldOverwrite([folder], error);
    return unwritable(folder)(error);
  }
  await syncFolder(dirname(folder)).catch(unwritable(folder));
}

async function linkAll(staging: string, folder: string, names: readonly string[]): Promise<void> {
  const linked: string[] = [];
  try {
    for (const name of names) {
      await giveName(join(staging, name), join(folder, name));
      linked.push(name);
    }
    await syncFolder(folder);
  } catch (error) {
    await Promise.all(linked.map((name) => unlink(join(folder, name))));
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw wouldOverwrite([folder], error);
    unwritable(folder)(error);
  }
}

function wouldOverwrite(paths: readonly string[], cause?: unknown): CliError {
  const what = paths.length === 1 ? `${paths[0]} exists` : `${paths.join(', ')} exist`;
  return new CliError(
    'fileExists',
    `${what} and will not be overwritten. Choose another folder with --out DIR.`,
    cause,
  );
}

const unwritable =
  (folder: string) =>
  (error: unknown): never => {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError(
      'folderUnwritable',
      `${folder} cannot be written (${code}). Choose another folder with --out DIR.`,
      error,
    );
  };
