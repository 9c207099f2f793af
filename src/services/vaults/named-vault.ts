/** Finds a vault by its name: that of an authority, or one that somebody asks for. */
import { CaError } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { Vault } from '../../ports/vault.ts';

export type Vaults = ReadonlyMap<string, Vault>;

/** The one that is always there: that of the home. */
export const homeVault = 'file';

/** What the inventory names; `signerUnavailable` when the settings name it no more. */
export function vaultNamed(vaults: Vaults, name: string): Vault {
  const vault = vaults.get(name);
  if (vault) return vault;
  throw new CaError(
    'signerUnavailable',
    `The vault ${name} is not configured. Keys of authorities are in it: name it under \`vaults\` in the settings again.`,
  );
}

/** What somebody asks for; `notFound` says which there are. */
export function assertVault(vaults: Vaults, name: string): void {
  if (vaults.has(name)) return;
  throw new CaError('notFound', `There is no vault ${printable(name)}. There are: ${[...vaults.keys()].join(', ')}.`);
}
