/** Which files of a vault belong in a backup: what is sealed with the passphrase, never the passphrase itself. */
import { constants, type FileHandle, open } from 'node:fs/promises';
import { StartError } from '../../domain/errors.ts';
import { checkFileName, keyFileSuffix } from './formats.ts';
import { pathsOf } from './rewrap-folder.ts';
import { shareSetName } from './share-set.ts';

export interface VaultFileContent {
  /** Without folder. */
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * By name, all sealed with one passphrase; empty without a vault. The key of authority keys named `key` lies in
 * `vaultFileOf(key)`. A change of the passphrase while they are read has them read again.
 */
export async function readVaultFiles(directory: string): Promise<readonly VaultFileContent[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const before = await generationOf(directory);
      const files = await readAll(directory);
      if ((await generationOf(directory)) === before) return files;
    } catch (error) {
      // A file that moved into its place between being found and being read.
      if (attempt >= mostAttempts) throw error;
    }
    if (attempt >= mostAttempts) throw unreadable(directory, undefined);
  }
}

const mostAttempts = 5;

/** The check file is the last that a change of the passphrase moves into its place. */
async function generationOf(directory: string): Promise<string> {
  const path = (await located(directory)).find(([name]) => name === checkFileName)?.[1];
  return path === undefined ? '' : Buffer.from(await readRegular(path)).toString('latin1');
}

async function readAll(directory: string): Promise<readonly VaultFileContent[]> {
  const paths = (await located(directory)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const wanted = paths.filter(
    ([name]) => name === checkFileName || name === shareSetName || name.endsWith(keyFileSuffix),
  );
  return Promise.all(wanted.map(async ([name, path]) => ({ name, content: await readRegular(path) })));
}

/** The file of a key by its name in the vault. */
export const vaultFileOf = (key: string): string => `${key}${keyFileSuffix}`;

async function located(directory: string): Promise<readonly [string, string][]> {
  try {
    return [...(await pathsOf(directory))].filter(([name]) => !name.startsWith('.'));
  } catch (error) {
    throw unreadable(directory, error);
  }
}

async function readRegular(path: string): Promise<Uint8Array> {
  try {
    await using file: FileHandle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    return await file.readFile();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, cause: unknown): StartError =>
  new StartError(
    'keyFileDamaged',
    `${path} cannot be read, so that no backup would be whole. Check its owner and mode.`,
    cause,
  );
