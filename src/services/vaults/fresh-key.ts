/** Keys under names that no key has had: what they are for, and eight random digits. */

import type { KeyType } from '../../domain/x509/key-type.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { VaultKey } from '../../ports/vault.ts';
import { type Vaults, vaultNamed } from './named-vault.ts';

export interface FreshKey {
  /** Name of the vault that makes it. */
  readonly vault: string;
  /** What its name begins with: `dev-issuing`, `audit`. */
  readonly purpose: string;
  readonly keyType: KeyType;
}

export const freshKeyName = (randomness: Randomness, purpose: string): string =>
  `${purpose}.${Buffer.from(randomness.bytes(4)).toString('hex')}`;

/** Rejects as `Vault.createKey` does; CaError `signerUnavailable` for a vault that is not configured. */
export async function createFreshKey(
  { vaults, randomness }: { readonly vaults: Vaults; readonly randomness: Randomness },
  { vault, purpose, keyType }: FreshKey,
): Promise<VaultKey> {
  return vaultNamed(vaults, vault).createKey(freshKeyName(randomness, purpose), keyType);
}
