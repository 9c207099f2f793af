/** Which files of a vault belong in a backup: what is sealed with the passphrase, never the passphrase itself. */
import { constants, type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { checkFileName, keyFileSuffix } from './formats.ts';

export interface VaultFileContent {
  /** Without folder. */
  readonly name: string;
  readonly content: Uint8Array;
}

/** By name; empty without a vault. The key of authority keys named `key` lies in `vaultFileOf(key)`. */
export async function readVaultFiles(directory: string): Promise<readonly VaultFileContent[]> {
  const names = await namesIn(directory);
  const wanted = names.filter((name) => name === checkFileName || name.endsWith(keyFileSuffix)).sort();
  return Promise.all(wanted.map(async (name) => ({ name, content: await readRegular(join(directory, name)) })));
}

/** The file of a key by its name in the vault. */
export const vaultFileOf = (key: string): string => `${key}${keyFileSuffix}`;

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
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
