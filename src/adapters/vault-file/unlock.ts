/** Tells the right passphrase from a wrong one and a wrong one from a damaged file, and opens every key of the vault. */
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { checkFileName, checkOpens, type OpenKey, unsealKey, type WrappingKey } from './formats.ts';
import { deriveKey, type KeyDerivation } from './key-derivation.ts';
import { damaged, type StoredFile, type VaultFolder } from './vault-folder.ts';

/** All files of a vault share one salt; files restored from an earlier vault bring theirs. Each costs a derivation. */
const mostDerivations = 4;

export interface Unlocked {
  readonly wrapping: WrappingKey;
  readonly keys: readonly OpenKey[];
  /** The check file was missing; it can be made anew from `wrapping`. */
  readonly checkIsMissing: boolean;
}

/**
 * `undefined` for a folder that holds nothing yet. `earlier` opens what the passphrase does not: keys that were put back from
 * before it was changed; alone it opens no vault. Throws StartError `passphraseWrong` or `keyFileDamaged`.
 */
export async function unlock(folder: VaultFolder, passphrase: string, earlier?: string): Promise<Unlocked | undefined> {
  const { check, keys: files } = folder;
  if (check === 'absent' && files.length === 0) return undefined;
  const derive = derivations(folder, passphrase);
  const wrapping = typeof check === 'string' ? undefined : await wrappingOf(check.file.kdf, derive);
  const checked = typeof check !== 'string' && wrapping !== undefined && checkOpens(check.file, wrapping.key);
  const opened = await openAll(files, derive);
  const proof = checked ? wrapping : opened.find(({ key }) => key !== undefined)?.wrapping;
  if (!proof) throw nothingOpens(folder);
  const keys = await openRest(folder, opened, earlier);
  if (!checked && check !== 'absent') throw checkDamaged(folder, 'All keys beside it are whole');
  return { wrapping: proof, keys, checkIsMissing: check === 'absent' };
}

/** Every key, in the order of the files: those that are still closed are tried with the earlier passphrase. */
async function openRest(
  folder: VaultFolder,
  opened: readonly Attempt[],
  earlier: string | undefined,
): Promise<readonly OpenKey[]> {
  const closed = folder.keys.filter((_, index) => opened[index]?.key === undefined);
  const late = earlier === undefined ? [] : await openAll(closed, derivations(folder, earlier));
  const lateKeys = new Map(late.map(({ path, key }) => [path, key]));
  return opened.map(({ path, key }) => {
    const open = key ?? lateKeys.get(path);
    if (!open) throw notOpened(path, earlier);
    return open;
  });
}

const notOpened = (path: string, earlier: string | undefined): StartError =>
  earlier === undefined
    ? damaged(path, 'it was altered, or sealed with another passphrase', {
        advice:
          'Put it back from a backup. Sealed with the passphrase of before a change, it is taken in by ' +
          '`vault passwd --earlier-passphrase-file FILE` (docs/keys.md). If its key is needed no more, move the file away.',
      })
    : damaged(path, 'it was altered, or sealed with a third passphrase, neither the one in force nor the earlier one');

type Derive = (kdf: KeyDerivation) => Promise<KeyObject>;

interface Attempt {
  readonly path: string;
  readonly wrapping: WrappingKey;
  readonly key: OpenKey | undefined;
}

const wrappingOf = async (kdf: KeyDerivation, derive: Derive): Promise<WrappingKey> => ({
  kdf,
  key: await derive(kdf),
});

/** One after another, so that two derivations never hold their memory at once. */
async function openAll(files: readonly StoredFile[], derive: Derive): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const { path, file } of files) {
    const wrapping = await wrappingOf(file.kdf, derive);
    attempts.push({ path, wrapping, key: unsealKey(file, wrapping.key) });
  }
  return attempts;
}

/** One derivation for each distinct set of parameters. */
function derivations({ directory }: VaultFolder, passphrase: string): Derive {
  const known = new Map<string, KeyObject>();
  return async (kdf) => {
    const id = JSON.stringify({ ...kdf, salt: Buffer.from(kdf.salt).toString('hex') });
    const cached = known.get(id);
    if (cached) return cached;
    if (known.size === mostDerivations) {
      throw damaged(directory, `its files come from more than ${mostDerivations} vaults`);
    }
    const key = await deriveKey(passphrase, kdf);
    known.set(id, key);
    return key;
  };
}

/** A check file that is whole, or key files that are whole, and none opens: only the passphrase explains that. */
function nothingOpens(folder: VaultFolder): StartError {
  if (folder.check === 'damaged' && folder.keys.length === 0) return checkDamaged(folder, 'It guards no key');
  return new StartError(
    'passphraseWrong',
    `The passphrase does not open the vault ${folder.directory}. Give the one it was made with; docs/keys.md says from where it is read.`,
  );
}

const checkDamaged = ({ directory }: VaultFolder, consolation: string): StartError =>
  damaged(join(directory, checkFileName), 'it was truncated or altered', {
    advice: `${consolation}: move the file away and start again; it is made anew.`,
  });
