/** The composition root of vaults: opens the file vault of the home and those of the settings, each under its name. */
import { keysNamedIn } from './adapters/inventory-sqlite/copies/named-keys.ts';
import { systemRandomness } from './adapters/system-randomness.ts';
import { randomPassphraseCost } from './adapters/vault-file/key-derivation.ts';
import { resolvePassphrase } from './adapters/vault-file/passphrase.ts';
import { refuseLostVault as refuseLost } from './adapters/vault-file/refuse-lost-vault.ts';
import { settleRewrap } from './adapters/vault-file/rewrap-folder.ts';
import { forgedShares } from './adapters/vault-file/share-set.ts';
import { openFileVault } from './adapters/vault-file/vault-file.ts';
import type { Pkcs11VaultOptions } from './adapters/vault-pkcs11/vault-pkcs11.ts';
import { type Config, inHome } from './config.ts';
import { StartError } from './domain/errors.ts';
import type { Log } from './ports/log.ts';
import type { SecretConsole } from './ports/secret-console.ts';
import type { Vault } from './ports/vault.ts';
import type { Pkcs11Settings, VaultKind, VaultSettings } from './vault-settings.ts';

export interface OpenVaults {
  /** By name; `file` is always there. */
  readonly vaults: ReadonlyMap<string, Vault>;
  /** Where the passphrase lies in the home; undefined if it is given from elsewhere. */
  readonly passphraseFile: string | undefined;
  close(): Promise<void>;
}

export interface VaultSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Who is asked for the shares of a split passphrase. */
  readonly console?: SecretConsole | undefined;
}

/** Before anything is opened, and so before a new vault is made. StartError `homeDamaged`. */
export async function refuseLostVault(config: Config): Promise<void> {
  if (config.acceptLostVault) return;
  await refuseLost(inHome(config, 'vault'), () => keysNamedIn('file', inHome(config, 'privyseal.db')));
}

/** StartError for what is wrong on this machine; a backend that is away is no reason not to start. Leaves nothing open when it fails. */
export async function openVaults(config: Config, { env, log, console }: VaultSurroundings): Promise<OpenVaults> {
  const [file, ...others] = await Promise.allSettled([
    openFile(config, env, console),
    ...config.vaults.map((settings) => open(settings, log, env)),
  ] as const);
  const opened = [file, ...others].flatMap((each) => {
    if (each.status === 'rejected') return [];
    return 'vault' in each.value ? [each.value.vault] : [each.value];
  });
  const close = async (): Promise<void> => void (await Promise.all(opened.map((vault) => vault.close())));
  const failed = [file, ...others].find((each) => each.status === 'rejected');
  if (file.status === 'rejected' || failed) {
    await close();
    throw failed?.reason;
  }
  const vaults = new Map(opened.map((vault) => [vault.name, vault]));
  return { vaults, passphraseFile: file.value.passphraseFile, close };
}

type Openers = {
  readonly [Kind in VaultKind]: (
    settings: Extract<VaultSettings, { kind: Kind }>,
    log: Log,
    env: NodeJS.ProcessEnv,
  ) => Promise<Vault>;
};

const open = (settings: VaultSettings, log: Log, env: NodeJS.ProcessEnv): Promise<Vault> =>
  settings.kind === 'openbao' ? openers.openbao(settings, log, env) : openers.pkcs11(settings, log, env);

/** Loaded only where the settings name one. */
const openers: Openers = {
  openbao: async (settings, log) =>
    (await import('./adapters/vault-openbao/vault-openbao.ts')).openOpenBaoVault(settings, log),
  pkcs11: async (settings, log, env) =>
    (await import('./adapters/vault-pkcs11/vault-pkcs11.ts')).openPkcs11Vault({ ...pkcs11Options(settings, env), log }),
};

/** What the adapter needs of an entry of `vaults`. */
export function pkcs11Options(settings: Pkcs11Settings, env: NodeJS.ProcessEnv): Omit<Pkcs11VaultOptions, 'log'> {
  const { name, module: modulePath, tokenLabel, tokenSerial, sessions, readWriteSessions, keys } = settings;
  const token = {
    modulePath,
    ...(tokenLabel !== undefined && { label: tokenLabel }),
    ...(tokenSerial !== undefined && { serial: tokenSerial }),
    sessions,
    readWriteSessions,
  };
  return { name, token, pin: settings, keys, env };
}

async function openFile(config: Config, env: NodeJS.ProcessEnv, console: SecretConsole | undefined) {
  const directory = inHome(config, 'vault');
  // Before the passphrase is looked for: a change of it that was cut short decides which one lies in the home.
  await settleRewrap(directory);
  const resolved = await resolvePassphrase({
    env,
    directory,
    randomness: systemRandomness,
    ...(console && { console }),
  });
  const { passphrase, source, file, generated } = resolved;
  const vault = await openFileVault({
    ...{ directory, passphrase, randomness: systemRandomness },
    ...(generated && { cost: randomPassphraseCost }),
  }).catch((error: unknown) => {
    const isForged = source === 'shares' && error instanceof StartError && error.code === 'passphraseWrong';
    throw isForged ? new StartError('shareUnusable', forgedShares, error) : error;
  });
  return { vault, passphraseFile: source === 'home' ? file : undefined };
}
