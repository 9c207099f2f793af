/** The composition root of acts on the file vault's passphrase: on the home itself, with the service stopped. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openHomeDirectory } from './adapters/home-directory/home-directory.ts';
import { appendBeside } from './adapters/inventory-sqlite/append-beside.ts';
import { systemClock } from './adapters/system-clock.ts';
import { systemRandomness } from './adapters/system-randomness.ts';
import { askNewPassphrase, findOldPassphrase } from './adapters/vault-file/ask-passphrase.ts';
import { readPassphraseFile } from './adapters/vault-file/passphrase.ts';
import { noVault, stageRewrap } from './adapters/vault-file/rewrap.ts';
import { type CompanionFile, pathsOf, settleRewrap } from './adapters/vault-file/rewrap-folder.ts';
import { type Config, inHome } from './config.ts';
import { StartError } from './domain/errors.ts';
import type { AuditEntry } from './domain/records/audit-event.ts';
import type { PassphraseChange } from './domain/records/vault-change.ts';
import type { SecretConsole } from './ports/secret-console.ts';

const migrationsDirectory = join(import.meta.dirname, '../migrations/sqlite');

export interface PassphraseInput {
  /** Files that hold the passphrases; who is at the console is asked for what no file holds. */
  readonly oldFile?: string;
  readonly newFile?: string;
  /** Write the new passphrase into the home, beside the keys it protects. */
  readonly keepInHome: boolean;
}

export interface VaultSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly console: SecretConsole;
}

/** Seals every key with the new passphrase, all at once. StartError says why not; the old passphrase is then still in force. */
export async function changePassphrase(
  config: Config,
  { oldFile, newFile, keepInHome }: PassphraseInput,
  { env, console }: VaultSurroundings,
): Promise<PassphraseChange> {
  return withVault(config, async (directory) => {
    const old = await findOldPassphrase({ env, directory, console, ...(oldFile !== undefined && { file: oldFile }) });
    const to = newFile === undefined ? await askNewPassphrase(console) : await readPassphraseFile(newFile);
    if (to === old.passphrase) {
      throw new StartError('passphraseUnusable', 'The new passphrase is the old one. Take another, from a generator.');
    }
    const removed = await presentOf(directory, keepInHome ? ['shares.json'] : ['passphrase', 'shares.json']);
    const staged = await stageRewrap({
      ...{ directory, from: old.passphrase, to, randomness: systemRandomness, removes: removed },
      ...(keepInHome && { adds: { passphrase: `${to}\n` } }),
    });
    await staged.commit();
    return {
      vault: directory,
      keys: staged.keys,
      source: old.source,
      keptIn: keepInHome ? join(directory, 'passphrase') : null,
      removed: removed.map((name) => join(directory, name)),
      notAudited: audit(config, { keys: staged.keys, split: false }),
    };
  });
}

/** Runs `act` on the vault of a home that no service uses meanwhile. */
async function withVault<T>(config: Config, act: (directory: string) => Promise<T>): Promise<T> {
  const directory = inHome(config, 'vault');
  // Taking the lock would make the folder.
  if ((await pathsOf(directory)).size === 0) throw noVault(directory);
  const home = await openHomeDirectory(config.home);
  try {
    await settleRewrap(directory);
    return await act(directory);
  } finally {
    await home.release();
  }
}

async function presentOf(directory: string, names: readonly CompanionFile[]): Promise<readonly CompanionFile[]> {
  const paths = await pathsOf(directory);
  return names.filter((name) => paths.has(name));
}

/** After it is in force, so that the log never tells of a change that was not. */
function audit(config: Config, details: AuditEntry['details'] & object): string | null {
  const database = inHome(config, 'privyseal.db');
  if (!existsSync(database)) return 'There is no inventory in this home.';
  const entry = {
    at: systemClock.now(),
    kind: 'vault.passphraseChanged',
    actor: 'service',
    object: 'vault:file',
  } as const;
  return appendBeside(database, { ...entry, details }, migrationsDirectory);
}
