/**
 * Seals every key of a vault with another passphrase, all at once: the new files are made whole beside the old ones, and
 * one rename(2) decides. Before it the old passphrase opens the vault, after it the new one, whatever is killed when.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import { syncFolder } from '../../files/sync-folder.ts';
import { createFile } from '../../files/whole-file.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { checkFileName, keyFileSuffix, type OpenKey, sealCheck, sealKey, type WrappingKey } from './formats.ts';
import { type DerivationCost, defaultCost, deriveKey, saltLength } from './key-derivation.ts';
import { type CompanionFile, committedName, pathsOf, removalsName, settleRewrap, stagedName } from './rewrap-folder.ts';
import { formatSealedFile, nonceLength } from './sealed-file.ts';
import { unlock } from './unlock.ts';
import { readVaultFolder } from './vault-folder.ts';

export interface Rewrapping {
  readonly directory: string;
  readonly from: string;
  /** Of files that were put back from before `from` was in force. */
  readonly earlier?: string;
  readonly to: string;
  readonly randomness: Randomness;
  readonly cost?: DerivationCost;
  readonly adds?: Partial<Readonly<Record<CompanionFile, string>>>;
  readonly removes?: readonly CompanionFile[];
}

export interface StagedRewrap {
  /** How many keys were sealed anew. */
  readonly keys: number;
  /** Names of the files that take their places in the vault. */
  readonly written: readonly string[];
  /** From here on only the new passphrase opens the vault. */
  commit(): Promise<void>;
  /** Nothing has changed. */
  abandon(): Promise<void>;
}

/**
 * For the one process that has the home's lock. Makes everything but the decision; what was made is opened again with the
 * new passphrase before anybody may rely on it. StartError `passphraseWrong`, `keyFileDamaged`, `homeEmpty`.
 */
export async function stageRewrap(rewrapping: Rewrapping): Promise<StagedRewrap> {
  const { directory, from, earlier } = rewrapping;
  await settleRewrap(directory);
  if ((await pathsOf(directory)).size === 0) throw noVault(directory);
  const found = await unlock(await readVaultFolder(directory), from, earlier);
  if (!found) throw noVault(directory);
  const staged = join(directory, stagedName);
  const abandon = (): Promise<void> => rm(staged, { recursive: true, force: true });
  try {
    await mkdir(staged, { mode: 0o700 });
    await fill(staged, rewrapping, found.keys);
    await refuseUnlike(staged, rewrapping, found.keys);
  } catch (error) {
    await abandon().catch(() => {});
    throw error instanceof StartError ? error : unwritable(directory, error);
  }
  const written = [...found.keys.map(fileOf), checkFileName, ...Object.keys(rewrapping.adds ?? {})];
  return { keys: found.keys.length, written, commit: () => commit(directory), abandon };
}

const fileOf = ({ facts }: OpenKey): string => `${facts.name}${keyFileSuffix}`;

async function fill(staged: string, rewrapping: Rewrapping, keys: readonly OpenKey[]): Promise<void> {
  const { to, randomness, cost = defaultCost, adds = {}, removes = [] } = rewrapping;
  const kdf = { name: 'argon2id', ...cost, salt: randomness.bytes(saltLength) } as const;
  const wrapping: WrappingKey = { kdf, key: await deriveKey(to, kdf) };
  const put = (name: string, content: string): Promise<void> =>
    createFile(join(staged, name), { content, mode: 0o600 });
  for (const key of keys) {
    const file = sealKey(key, wrapping, randomness.bytes(nonceLength));
    await put(fileOf(key), formatSealedFile(file));
  }
  await put(checkFileName, formatSealedFile(sealCheck(wrapping, randomness.bytes(nonceLength))));
  for (const [name, content] of Object.entries(adds)) await put(name, content);
  if (removes.length > 0) await put(removalsName, `${JSON.stringify(removes)}\n`);
}

/** A disk that lies is found out while the old files are still there. */
async function refuseUnlike(staged: string, { to }: Rewrapping, keys: readonly OpenKey[]): Promise<void> {
  const reopened = await unlock(await readVaultFolder(staged), to);
  const names = (list: readonly OpenKey[]): string =>
    list.map(({ facts }) => `${facts.name} ${Buffer.from(facts.publicKeyDer).toString('base64')}`).join('\n');
  if (reopened && names(reopened.keys) === names(keys)) return;
  throw new StartError('homeUnwritable', `What was written to ${staged} reads back differently. Check the disk.`);
}

async function commit(directory: string): Promise<void> {
  await rename(join(directory, stagedName), join(directory, committedName)).catch((error: unknown) => {
    throw unwritable(directory, error);
  });
  try {
    await syncFolder(directory);
    await settleRewrap(directory);
  } catch (error) {
    throw new StartError(
      'homeUnwritable',
      `The new passphrase of the vault ${directory} is in force, but the disk failed while its files were put in place. Check the disk; the next start ends the change. Keep the old passphrase, too, until one has.`,
      error,
    );
  }
}

export const noVault = (directory: string): StartError =>
  new StartError('homeEmpty', `There is no vault in ${directory}. Name the service’s home with --home DIR.`);

const unwritable = (directory: string, cause: unknown): StartError =>
  new StartError(
    'homeUnwritable',
    `The vault ${directory} cannot be written; nothing has changed. Check its disk.`,
    cause,
  );
