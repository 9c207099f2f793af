/** What a start makes of a home without a vault: how dear its passphrase is to derive from. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type DerivationCost, defaultCost, randomPassphraseCost } from '#src/adapters/vault-file/key-derivation.ts';
import { loadConfig } from '#src/config.ts';
import { changePassphrase } from '#src/offline-vault.ts';
import { openVaults } from '#src/open-vaults.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const newHome = (): string => join(temporaryFolder().path, 'data');

/** As a start does; the cost that the vault's check file names afterwards. */
async function costAfterStart(home: string, env: NodeJS.ProcessEnv = {}): Promise<DerivationCost> {
  const config = await loadConfig({}, temporaryFolder().path, { home });
  const opened = await openVaults(config, { env, log: pino({ level: 'silent' }) });
  await opened.close();
  return costIn(home);
}

function costIn(home: string): DerivationCost {
  const { kdf } = JSON.parse(readFileSync(join(home, 'vault/vault.json'), 'utf8')) as { kdf: DerivationCost };
  return { memoryKiB: kdf.memoryKiB, passes: kdf.passes, parallelism: kdf.parallelism };
}

describe('a new vault', () => {
  it('derives cheaply from the 256 random bits that it made its passphrase of, now and at every later start', async () => {
    const home = newHome();
    expect(await costAfterStart(home)).toEqual(randomPassphraseCost);
    expect(await costAfterStart(home)).toEqual(randomPassphraseCost);
    const passphrase = readFileSync(join(home, 'vault/passphrase'), 'utf8').trim();
    expect(Buffer.from(passphrase, 'base64url')).toHaveLength(32);
  });

  it('derives dearly from a passphrase that somebody gave it, which may be a word', async () => {
    expect(await costAfterStart(newHome(), { PRIVYSEAL_VAULT_PASSPHRASE: 'correct horse' })).toEqual(defaultCost);
  });

  it('derives dearly from one that somebody put into the home', async () => {
    const home = newHome();
    mkdirSync(join(home, 'vault'), { recursive: true, mode: 0o700 });
    writeFileSync(join(home, 'vault/passphrase'), 'correct horse\n', { mode: 0o600 });
    expect(await costAfterStart(home)).toEqual(defaultCost);
  });

  it('derives dearly once its own passphrase was changed for another', async () => {
    const home = newHome();
    await costAfterStart(home);
    const newFile = join(temporaryFolder().path, 'secret');
    writeFileSync(newFile, 'correct horse', { mode: 0o600 });
    const config = await loadConfig({}, temporaryFolder().path, { home });
    const console = { ask: async () => undefined, tell: () => undefined };
    await changePassphrase(config, { newFile, keepInHome: false }, { env: {}, console });
    expect(costIn(home)).toEqual(defaultCost);
  });
});
