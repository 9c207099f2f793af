/** The composition root of vaults: opens the file vault of the home and those of the settings, each under its name. */
import { systemRandomness } from './adapters/system-randomness.ts';
import { resolvePassphrase } from './adapters/vault-file/passphrase.ts';
import { openFileVault } from './adapters/vault-file/vault-file.ts';
import { type Config, inHome } from './config.ts';
import type { Log } from './ports/log.ts';
import type { Vault } from './ports/vault.ts';
import type { VaultKind, VaultSettings } from './vault-settings.ts';

export interface OpenVaults {
  /** By name; `file` is always there. */
  readonly vaults: ReadonlyMap<string, Vault>;
  /** Where the passphrase lies in the home; undefined if it is given from elsewhere. */
  readonly passphraseFile: string | undefined;
  close(): Promise<void>;
}

/** StartError for what is wrong on this machine; a backend that is away is no reason not to start. Leaves nothing open when it fails. */
export async function openVaults(config: Config, env: NodeJS.ProcessEnv, log: Log): Promise<OpenVaults> {
  const [file, ...others] = await Promise.allSettled([
    openFile(config, env),
    ...config.vaults.map((settings) => openers[settings.kind](settings, log)),
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

type OpenVault = (settings: VaultSettings, log: Log) => Promise<Vault>;

/** Loaded only where the settings name one. */
const openers: Readonly<Record<VaultKind, OpenVault>> = {
  openbao: async (settings, log) =>
    (await import('./adapters/vault-openbao/vault-openbao.ts')).openOpenBaoVault(settings, log),
};

async function openFile(config: Config, env: NodeJS.ProcessEnv) {
  const directory = inHome(config, 'vault');
  const resolved = await resolvePassphrase({ env, directory, randomness: systemRandomness });
  const vault = await openFileVault({ directory, passphrase: resolved.passphrase, randomness: systemRandomness });
  return { vault, passphraseFile: resolved.source === 'home' ? resolved.file : undefined };
}
