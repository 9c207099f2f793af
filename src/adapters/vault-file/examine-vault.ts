/** Tries the vault as a start would: its files, where its passphrase comes from, and whether the one opens the other. */
import { existsSync } from 'node:fs';
import type { Finding } from '../../domain/diagnosis/finding.ts';
import {
  type BegunKey,
  type CertifiedKey,
  type HeldKeys,
  judgeBegunKeys,
  judgeKeys,
} from '../../domain/diagnosis/judge-keys.ts';
import { StartError } from '../../domain/errors.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import { findPassphrase, type PassphraseSources, type ResolvedPassphrase } from './passphrase.ts';
import { refuseLostVault, refuseUnreadable } from './refuse-lost-vault.ts';
import { readShareSet, type ShareSet } from './share-set.ts';
import { unlock } from './unlock.ts';
import { readVaultFolder, type VaultFolder } from './vault-folder.ts';

/** Never the passphrase itself, nor anything derived from it. Nothing is made or changed. */
export async function examineVault(
  sources: Omit<PassphraseSources, 'randomness' | 'console'>,
  certified: readonly CertifiedKey[],
  begun: readonly BegunKey[] = [],
): Promise<Finding[]> {
  const lost = await attempt(() => refuseLostVault(sources.directory, () => certified));
  if (lost instanceof StartError) return [failed('vault', lost)];
  if (!existsSync(sources.directory)) return [notMade(sources.directory)];
  const folder = await attempt(() => readVaultFolder(sources.directory));
  const opening = await examineOpening(sources, folder);
  if (folder instanceof StartError) return opening;
  const held = heldIn(folder);
  return [...opening, ...judgeKeys(certified, held), ...judgeBegunKeys(begun, [...held.keys()])];
}

/** As the files say, which are whole, but need not be opened for it. */
const heldIn = ({ keys }: VaultFolder): HeldKeys =>
  new Map(
    keys.map(({ file: { header } }) => [
      header.name ?? '',
      [publicKeySha256(Buffer.from(header.publicKey ?? '', 'base64'))],
    ]),
  );

async function examineOpening(
  sources: Omit<PassphraseSources, 'randomness' | 'console'>,
  folder: VaultFolder | StartError,
): Promise<Finding[]> {
  const passphrase = await attempt(() => findPassphrase(sources));
  if (passphrase instanceof StartError) return [failed('passphrase', passphrase)];
  if (folder instanceof StartError) return [failed('vault', folder), ...foundPassphrase(passphrase)];
  if (!passphrase) {
    const set = await attempt(() => readShareSet(sources.directory));
    if (set instanceof StartError) return [failed('vault', set)];
    if (set) return foundShares(folder, set);
    const next = 'Give it with PRIVYSEAL_VAULT_PASSPHRASE_FILE (docs/keys.md).';
    return [{ check: 'passphrase', state: 'fail', says: 'none is given, and there is none in the vault', next }];
  }
  const opened = await attempt(() => unlock(folder, passphrase.passphrase));
  if (opened instanceof StartError) return [failed('vault', opened), ...foundPassphrase(passphrase)];
  const says = `${folder.keys.length} keys, whole, for their owner alone, and the passphrase opens them`;
  return [{ check: 'vault', state: 'ok', says }, ...foundPassphrase(passphrase)];
}

async function attempt<T>(act: () => Promise<T>): Promise<T | StartError> {
  try {
    return await act().catch(refuseUnreadable);
  } catch (error) {
    if (error instanceof StartError) return error;
    throw error;
  }
}

/** As an `init` or a restore leaves it that was killed early: nothing is damaged, and no key is missed. */
const notMade = (directory: string): Finding => ({
  check: 'vault',
  state: 'fail',
  says: `there is no ${directory}, nor a key that should be in it`,
  next: 'A start makes it; to restore a backup into this home, do that first.',
});

function failed(check: 'vault' | 'passphrase', { code, message }: StartError): Finding {
  return { check, state: 'fail', says: code, next: message };
}

const sources: Readonly<Record<ResolvedPassphrase['source'], string>> = {
  environment: 'PRIVYSEAL_VAULT_PASSPHRASE',
  file: 'the file of PRIVYSEAL_VAULT_PASSPHRASE_FILE',
  credential: 'a credential of systemd',
  home: 'the vault itself',
  shares: 'shares',
};

/** Nobody is asked for shares to look at a vault. */
const foundShares = ({ keys }: VaultFolder, { set, shares, threshold }: ShareSet): Finding[] => [
  { check: 'vault', state: 'ok', says: `${keys.length} keys, whole, for their owner alone; not opened` },
  { check: 'passphrase', state: 'ok', says: `split (set ${set}): a start asks for ${threshold} of ${shares} shares` },
];

function foundPassphrase(passphrase: ResolvedPassphrase | undefined): Finding[] {
  if (!passphrase) return [];
  const says = `read from ${sources[passphrase.source]}`;
  if (passphrase.source !== 'home') return [{ check: 'passphrase', state: 'ok', says }];
  const next = 'It lies beside the keys it protects. For anything but a trial, move it elsewhere (docs/keys.md).';
  return [{ check: 'passphrase', state: 'warn', says, next }];
}
