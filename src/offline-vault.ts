/** The composition root of acts on the file vault's passphrase: on the home itself, with the service stopped. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openHomeDirectory } from './adapters/home-directory/home-directory.ts';
import { listHome } from './adapters/home-directory/list-home.ts';
import { holdsUnfinished } from './adapters/home-directory/unfinished-restore.ts';
import { appendBeside } from './adapters/inventory-sqlite/copies/append-beside.ts';
import { keysNamedIn } from './adapters/inventory-sqlite/copies/named-keys.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandomness } from './adapters/system-randomness.ts';
import { askNewPassphrase, findOldPassphrase } from './adapters/vault-file/ask-passphrase.ts';
import type { DerivationCost } from './adapters/vault-file/key-derivation.ts';
import { vaultFileOf } from './adapters/vault-file/list-vault-files.ts';
import { readPassphraseFile } from './adapters/vault-file/passphrase.ts';
import { noVault, type StagedRewrap, stageRewrap } from './adapters/vault-file/rewrap.ts';
import { type CompanionFile, pathsOf, settleRewrap } from './adapters/vault-file/rewrap-folder.ts';
import {
  formatShareSet,
  judgeShares,
  readCutShortSet,
  readShareSet,
  type ShareSet,
} from './adapters/vault-file/share-set.ts';
import { splitPassphrase } from './adapters/vault-file/shares.ts';
import { type Config, inHome } from './config.ts';
import { StartError } from './domain/errors.ts';
import type { AuditEntry, AuditKind } from './domain/records/audit-event.ts';
import type {
  DeliverShares,
  MissingKey,
  PassphraseChange,
  PassphraseSplit,
  VaultFilesChange,
} from './domain/records/vault-change.ts';
import type { SecretConsole } from './ports/secret-console.ts';

const migrationsDirectory = join(import.meta.dirname, '../migrations/sqlite');

export interface PassphraseInput {
  /** Files that hold the passphrases; who is at the console is asked for what no file holds. */
  readonly oldFile?: string;
  readonly newFile?: string;
  /** File with the passphrase that was in force when key files were backed up that have been put back since. */
  readonly earlierFile?: string;
  /** Write the new passphrase into the home, beside the keys it protects. */
  readonly keepInHome: boolean;
}

export interface VaultSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly console: SecretConsole;
  /** Of the derivation from a new passphrase, if not the usual one. */
  readonly cost?: DerivationCost;
}

/** Seals every key with the new passphrase, all at once. StartError says why not; the old passphrase is then still in force. */
export async function changePassphrase(
  config: Config,
  { oldFile, newFile, earlierFile, keepInHome }: PassphraseInput,
  { env, console, ...derivation }: VaultSurroundings,
): Promise<PassphraseChange> {
  return withVault(config, console, async (directory) => {
    const missing = await tellMissing(config, directory, console);
    const old = await findOldPassphrase({ env, directory, console, ...(oldFile !== undefined && { file: oldFile }) });
    const earlier = earlierFile === undefined ? undefined : await readPassphraseFile(earlierFile);
    const to = newFile === undefined ? await askNewPassphrase(console) : await readPassphraseFile(newFile);
    // To take in what an earlier one sealed, the one in force may stay.
    if (to === old.passphrase && earlier === undefined) {
      throw new StartError('passphraseUnusable', 'The new passphrase is the old one. Take another, from a generator.');
    }
    const removed = await presentOf(directory, keepInHome ? ['shares.json'] : ['passphrase', 'shares.json']);
    const staged = await stageRewrap({
      ...{ directory, from: old.passphrase, to, randomness: systemRandomness, ...derivation, removes: removed },
      ...(earlier !== undefined && { earlier }),
      ...(keepInHome && { adds: { passphrase: `${to}\n` } }),
    });
    await staged.commit();
    return {
      ...changeOf(directory, { staged, removed, missing }),
      source: old.source,
      keptIn: keepInHome ? join(directory, 'passphrase') : null,
      notAudited: audit(config, 'vault.passphraseChanged', { keys: staged.keys }),
    };
  });
}

export interface SplitInput {
  readonly shares: number;
  readonly threshold: number;
  /** Split the passphrase as it is; otherwise a fresh one, known to nobody, replaces it. */
  readonly keepPassphrase: boolean;
  readonly oldFile?: string;
}

/**
 * Splits the passphrase. The shares are in the hands of `deliver` before anything changes: when it rejects, or this is
 * killed meanwhile, the old passphrase is in force as before. StartError says why not.
 */
export async function splitVault(
  config: Config,
  { shares, threshold, keepPassphrase, oldFile }: SplitInput,
  { env, console, ...derivation }: VaultSurroundings,
  deliver: DeliverShares,
): Promise<PassphraseSplit> {
  return withVault(config, console, async (directory, cutShort) => {
    const missing = await tellMissing(config, directory, console);
    const old = await findOldPassphrase({ env, directory, console, ...(oldFile !== undefined && { file: oldFile }) });
    const shareSet: ShareSet = { set: randomText(4, 'hex'), shares, threshold };
    const to = keepPassphrase ? old.passphrase : randomText(32, 'base64url');
    const inForce = await readShareSet(directory).catch(() => undefined);
    const judge = judgeShares(inForce?.set, cutShort);
    const removed = keepPassphrase ? [] : await presentOf(directory, ['passphrase']);
    // Staged for a passphrase that stays, too: that proves it before anybody is handed a share of it.
    const staged = await stageRewrap({
      ...{ directory, from: old.passphrase, to, randomness: systemRandomness, ...derivation, removes: removed },
      adds: { 'shares.json': formatShareSet(shareSet) },
    });
    try {
      await deliver({ set: shareSet.set, threshold, shares: await splitPassphrase(to, shareSet) }, judge);
    } catch (error) {
      await staged.abandon();
      throw error;
    }
    await staged.commit();
    const fresh = !keepPassphrase;
    const notAudited = audit(config, 'vault.passphraseSplit', { set: shareSet.set, shares, threshold, fresh });
    const files = changeOf(directory, { staged, removed, missing });
    return { ...files, ...shareSet, fresh, source: old.source, notAudited };
  });
}

interface Changed extends Pick<VaultFilesChange, 'missing'> {
  readonly staged: StagedRewrap;
  readonly removed: readonly CompanionFile[];
}

const changeOf = (directory: string, { staged, removed, missing }: Changed): VaultFilesChange => ({
  vault: directory,
  keys: staged.keys,
  written: staged.written.map((name) => join(directory, name)),
  removed: removed.map((name) => join(directory, name)),
  missing,
});

/** Before anything changes: the file of such a key, sealed with the old passphrase, does not fit beside the others afterwards. */
async function tellMissing(
  config: Config,
  directory: string,
  console: SecretConsole,
): Promise<readonly MissingKey[] | null> {
  const missing = await findMissing(config, directory);
  for (const { authority, file } of missing ?? [])
    console.tell(
      `${file} is missing, the key of ${authority}. Stop here (Ctrl+C) if it can be put back from a backup.`,
    );
  return missing;
}

async function findMissing(config: Config, directory: string): Promise<readonly MissingKey[] | null> {
  const paths = await pathsOf(directory);
  try {
    const named = keysNamedIn('file', inHome(config, 'privyseal.db')).map(({ authority, key }) => ({
      authority,
      name: vaultFileOf(key),
    }));
    return named
      .filter(({ name }) => !paths.has(name))
      .map(({ authority, name }) => ({ authority, file: join(directory, name) }));
  } catch (error) {
    if (error instanceof StartError) return null;
    throw error;
  }
}

const randomText = (octets: number, encoding: 'hex' | 'base64url'): string =>
  Buffer.from(systemRandomness.bytes(octets)).toString(encoding);

/** Runs `act` on the vault of a home that no service uses meanwhile. `cutShort` is the set of a split that changed nothing. */
async function withVault<T>(
  config: Config,
  console: SecretConsole,
  act: (directory: string, cutShort: string | undefined) => Promise<T>,
): Promise<T> {
  const directory = inHome(config, 'vault');
  const names = await listHome(config.home);
  // Taking the lock would make the folder.
  if ((await pathsOf(directory)).size === 0 && !holdsUnfinished(names)) throw noVault(directory);
  const home = await openHomeDirectory(config.home);
  try {
    const cutShort = await readCutShortSet(directory);
    if (cutShort !== undefined)
      console.tell(
        `A split before was cut short and changed nothing. If shares of its set, ${cutShort}, were written, destroy them.`,
      );
    await settleRewrap(directory);
    return await act(directory, cutShort);
  } finally {
    await home.release();
  }
}

async function presentOf(directory: string, names: readonly CompanionFile[]): Promise<readonly CompanionFile[]> {
  const paths = await pathsOf(directory);
  return names.filter((name) => paths.has(name));
}

/** After it is in force, so that the log never tells of a change that was not. */
function audit(config: Config, kind: AuditKind, details: AuditEntry['details'] & object): string | null {
  const database = inHome(config, 'privyseal.db');
  if (!existsSync(database)) return 'There is no inventory in this home.';
  const entry = { at: systemClock.now(), kind, actor: 'service', object: 'vault:file', details };
  return appendBeside(database, entry, migrationsDirectory);
}
