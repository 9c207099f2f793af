/** A key that was made beforehand for an authority: found in its vault, and of the kind that is asked for. */
import { refuse } from '../../domain/refusal.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import type { VaultKey } from '../../ports/vault.ts';
import { type Vaults, vaultNamed } from '../vaults/named-vault.ts';

export interface HeldKey {
  readonly vault: string;
  readonly name: string;
  /** Whatever it is, if absent. */
  readonly keyType?: KeyType;
}

/** CaError `notFound` for a key that the vault does not hold; a refusal for one of another kind. */
export async function heldKey(vaults: Vaults, { vault, name, keyType }: HeldKey): Promise<VaultKey> {
  const key = await vaultNamed(vaults, vault).key(name);
  if (keyType === undefined || keyType === key.type) return key;
  const message = `The key ${key.name} in the vault ${vault} is of the type ${key.type}. Leave the type out, or name another key.`;
  return refuse([{ code: 'invalidField', field: 'keyType', message, value: keyType }]);
}
