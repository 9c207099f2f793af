/** Keys under names that no key has had: what they are for, and eight random digits. A name is durable before its key is made. */
import { CaError } from '../../domain/errors.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Vault, VaultKey } from '../../ports/vault.ts';
import { type Vaults, vaultNamed } from './named-vault.ts';

export interface FreshKeyDeps {
  readonly inventory: Pick<Inventory, 'setting' | 'setSetting' | 'authorities' | 'generations' | 'auditKey'>;
  readonly vaults: Vaults;
  readonly randomness: Randomness;
}

export interface FreshKey {
  /** Name of the vault that makes it. */
  readonly vault: string;
  /** What its name begins with: `dev-issuing`, `audit`. */
  readonly purpose: string;
  readonly keyType: KeyType;
}

export const freshKeyName = (randomness: Randomness, purpose: string): string =>
  `${purpose}.${Buffer.from(randomness.bytes(4)).toString('hex')}`;

/**
 * One that was made for the same before, and that nothing names, because a crash or a full disk came in between, is taken: most
 * vaults let nobody remove it. Rejects as `Vault.createKey` does; CaError `signerUnavailable` for a vault that is not configured.
 */
export async function createFreshKey(deps: FreshKeyDeps, { vault, purpose, keyType }: FreshKey): Promise<VaultKey> {
  const { inventory, randomness } = deps;
  const holder = vaultNamed(deps.vaults, vault);
  const setting = `freshKey:${vault}:${purpose}:${keyType}`;
  const since = (await inventory.setting(restoredSetting)) ?? '';
  const begun = readBegun(await inventory.setting(setting));
  if (begun?.since === since && !(await isNamed(inventory, vault, begun.name))) {
    const left = await usable(holder, begun.name, keyType);
    if (left) return left;
  }
  const name = freshKeyName(randomness, purpose);
  await inventory.setSetting(setting, JSON.stringify({ name, since } satisfies Begun));
  return holder.createKey(name, keyType);
}

const restoredSetting = 'freshKeysSince';

/** After a restore, `now` in Unix milliseconds: what was made after the backup may have been used, and revoked. */
export const forgetBegunKeys = (inventory: Pick<Inventory, 'setSetting'>, now: number): Promise<void> =>
  inventory.setSetting(restoredSetting, String(now));

interface Begun {
  readonly name: string;
  /** Of the last restore before it; empty if there was none. */
  readonly since: string;
}

const readBegun = (text: string | undefined): Begun | undefined => (text ? (JSON.parse(text) as Begun) : undefined);

/** Also by what has ended since: its key is not used twice. */
async function isNamed(inventory: FreshKeyDeps['inventory'], vault: string, name: string): Promise<boolean> {
  const generations = await inventory.generations();
  const named = [
    ...(await inventory.authorities()),
    ...generations,
    ...generations.flatMap(({ responder }) => responder ?? []),
    ...[(await inventory.auditKey()) ?? []].flat(),
  ];
  return named.some((one) => one.vault === vault && one.vaultKey === name);
}

/** Undefined for one that was never made, is gone, or cannot be used: its name is not used again. */
async function usable(vault: Vault, name: string, keyType: KeyType): Promise<VaultKey | undefined> {
  try {
    const key = await vault.key(name);
    return key.type === keyType ? key : undefined;
  } catch (error) {
    if (error instanceof CaError && (error.code === 'notFound' || error.code === 'policyRefused')) return undefined;
    throw error;
  }
}
