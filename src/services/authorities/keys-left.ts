/** Keys of generations that ended, still in vaults that nobody took out of the settings: most let only their own operators remove one. */
import { type AuthorityGeneration, generationId } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Vaults } from '../vaults/named-vault.ts';

interface KeysLeftDeps {
  readonly inventory: Pick<Inventory, 'generations'>;
  readonly vaults: Vaults;
}

export async function keysLeft({ inventory, vaults }: KeysLeftDeps): Promise<readonly AuthorityGeneration[]> {
  return (await inventory.generations()).filter(
    ({ phase, keyDestroyedAt, vault }) =>
      (phase === 'retired' || phase === 'abandoned') && keyDestroyedAt === null && vaults.has(vault),
  );
}

/** What a person can do about it. Before the last list is signed, a key that is removed takes that list away, too. */
export function keyLeftReminder(generation: AuthorityGeneration): string {
  const { authority, vault, vaultKey, phase, responder } = generation;
  const left = `The key ${vaultKey} of ${generationId(generation)} is still in the vault ${vault}, although it is`;
  const again = `\`authority rotate advance ${authority}\`, at the end of the rotation`;
  if (phase === 'abandoned') return `${left} given up: remove it there; ${again}, records that.`;
  return responder === null
    ? `${left} retired: ${again}, signs its last list and removes it.`
    : `${left} retired: remove it there, or let the service do it; ${again}, records that.`;
}
