/** Judges what the vaults hold beside what the inventory says they must: only together do the two tell that an authority can sign. */
import type { Finding } from './finding.ts';

/** What an authority signs with. */
export interface CertifiedKey {
  readonly authority: string;
  readonly vault: string;
  /** Its name in the vault. */
  readonly key: string;
  /** Of the public key in the certificate, in hex; null where there is no certificate yet. */
  readonly publicKeySha256: string | null;
}

/** By name, the SHA-256 of the public keys that a vault holds; a token may have several of one name. */
export type HeldKeys = ReadonlyMap<string, readonly string[]>;

/** Of one vault; nothing if all are there, and are the ones that were certified. */
export function judgeKeys(certified: readonly CertifiedKey[], held: HeldKeys): Finding[] {
  const missing = certified.filter(({ key }) => !held.has(key));
  const others = certified.filter(
    ({ key, publicKeySha256: sha256 }) => sha256 !== null && held.get(key)?.includes(sha256) === false,
  );
  return [
    ...(missing.length > 0 ? [failed(`there is no key of ${listed(missing)}`)] : []),
    ...(others.length > 0 ? [failed(`another key than was certified lies there for ${listed(others)}`)] : []),
  ];
}

/** One that was begun for something, and that nothing names: a crash or a full disk came in between (services/vaults/fresh-key.ts). */
export interface BegunKey {
  readonly vault: string;
  /** Its name in the vault, which need not hold it: it may never have been made. */
  readonly key: string;
  /** Of an authority, or `audit`. */
  readonly purpose: string;
  /** Whether the next key that is made for this is to be that one; not after a restore. */
  readonly isTakenUp: boolean;
}

/** `held` are names of keys. Nothing if none of `begun` is among them. */
export function judgeBegunKeys(begun: readonly BegunKey[], held: readonly string[]): Finding[] {
  return begun
    .filter(({ key }) => held.includes(key))
    .map(({ vault, key, purpose, isTakenUp }) => ({
      check: 'vault',
      state: 'warn',
      says: `${vault} holds ${key}, which was made for ${purpose} and which nothing uses`,
      next: isTakenUp
        ? `Try again what was cut short: it takes this key. If nobody will, remove it there.`
        : 'It was made before a restore, and is not used any more: remove it there.',
    }));
}

/** Those in vaults that the settings do not name. */
export function judgeVaults(certified: readonly CertifiedKey[], vaults: readonly string[]): Finding[] {
  const lost = certified.filter(({ vault }) => !vaults.includes(vault));
  if (lost.length === 0) return [];
  const says = `the settings name no vault ${[...new Set(lost.map(({ vault }) => vault))].join(', ')} for ${listed(lost)}`;
  return [{ check: 'vault', state: 'fail', says, next: 'Name it again under `vaults` (docs/keys.md).' }];
}

const failed = (says: string): Finding => ({ check: 'vault', state: 'fail', says, next });

const next =
  'Put it back from a backup of its vault (of `file`: its file, with `tar xf`); `authority compromise` replaces one that is lost for good.';

const listed = (keys: readonly CertifiedKey[]): string =>
  keys.map(({ authority, vault, key }) => `${authority} (${key} in ${vault})`).join(', ');
