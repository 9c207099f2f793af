/**
 * The folder in which the next generation of a vault's files waits. What a crash left there is finished if the change was
 * decided, and removed if it was not.
 */
import { readdir, readFile, rename, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import { checkFileName } from './formats.ts';

/** Under the first name nothing counts yet; under the second everything in it does. */
export const stagedName = '.rewrap.tmp';
export const committedName = '.rewrap';
/** In the folder: which files go with the change. */
export const removalsName = 'removals.json';

/** What may come or go with a new passphrase, beside the sealed files. */
export type CompanionFile = 'passphrase' | 'shares.json';

/**
 * Ends what a crash left: forwards once it was decided, backwards before. Nothing happens in a vault where nothing was
 * left. StartError `homeUnwritable`.
 */
export async function settleRewrap(directory: string): Promise<void> {
  try {
    await settle(directory);
  } catch (error) {
    const { code = 'unknown', path = directory } = error as NodeJS.ErrnoException;
    throw new StartError(
      'homeUnwritable',
      `A change of the passphrase of the vault ${directory} was cut short and cannot be ended: ${path} (${code}). Check the disk and the owner; the next start ends it.`,
      error,
    );
  }
}

async function settle(directory: string): Promise<void> {
  await rm(join(directory, stagedName), { recursive: true, force: true });
  const committed = join(directory, committedName);
  const names = await namesIn(committed);
  if (!names) return;
  const removals = names.includes(removalsName) ? await readRemovals(join(committed, removalsName)) : [];
  // The check file last: a reader that sees the same one before and after has seen one generation.
  const moved = names.filter((name) => name !== removalsName && name !== checkFileName);
  if (names.includes(checkFileName)) moved.push(checkFileName);
  for (const name of moved) await rename(join(committed, name), join(directory, name));
  for (const name of removals) await unlinkIfThere(join(directory, name));
  await syncFolder(directory);
  await unlinkIfThere(join(committed, removalsName));
  await rmdir(committed);
  await syncFolder(directory);
}

/** The files of a vault by name, each with its path: what was decided and not moved yet wins over what it replaces or removes. */
export async function pathsOf(directory: string): Promise<ReadonlyMap<string, string>> {
  const committed = join(directory, committedName);
  const pathsIn = async (folder: string): Promise<[string, string][]> =>
    ((await namesIn(folder)) ?? []).map((name) => [name, join(folder, name)]);
  const [present, decided] = [await pathsIn(directory), await pathsIn(committed)];
  const removals = decided.some(([name]) => name === removalsName)
    ? await readRemovals(join(committed, removalsName))
    : [];
  return new Map([...present.filter(([name]) => !removals.includes(name)), ...decided]);
}

/** Undefined when there is no such folder. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const companions: readonly string[] = ['passphrase', 'shares.json'] satisfies CompanionFile[];

async function readRemovals(path: string): Promise<readonly string[]> {
  const names: unknown = JSON.parse(await readFile(path, 'utf8'));
  return Array.isArray(names) ? names.filter((name) => companions.includes(name)) : [];
}

async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
