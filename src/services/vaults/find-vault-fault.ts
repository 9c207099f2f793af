/** Asks a vault whether it can be used: what it says of itself may be older than what came over it. */
import { CaError } from '../../domain/errors.ts';
import type { AuthorityGeneration, GenerationPhase } from '../../domain/records/generation.ts';
import type { Vault } from '../../ports/vault.ts';
import { type Vaults, vaultNamed } from './named-vault.ts';
import type { VaultFault } from './vault-services.ts';

/** What it must hold: the key of one that was retired or given up may be gone. */
const inUse: Readonly<Record<GenerationPhase, boolean>> = {
  coming: true,
  inForce: true,
  outgoing: true,
  retired: false,
  abandoned: false,
};

/** Null when it answers with the key of each of `generations`, all of which are in it, and knows nothing else against itself. */
export async function findVaultFault(
  vaults: Vaults,
  name: string,
  generations: readonly AuthorityGeneration[],
): Promise<VaultFault | null> {
  try {
    const vault = vaultNamed(vaults, name);
    const held = generations.filter(({ phase }) => inUse[phase]);
    // Who may sign with keys by name alone may not be allowed to list them.
    if (held.length === 0) await vault.listKeys();
    await Promise.all(held.map((generation) => refuseMissing(vault, generation)));
    const problem = vault.problem?.();
    return problem === undefined
      ? null
      : { code: 'signerUnavailable', message: `The vault ${name} does not sign: ${problem}.` };
  } catch (error) {
    return vaultFaultOf(error);
  }
}

async function refuseMissing(vault: Vault, { authority, vaultKey }: AuthorityGeneration): Promise<void> {
  try {
    await vault.key(vaultKey);
  } catch (error) {
    if (!(error instanceof CaError) || error.code !== 'notFound') throw error;
    throw new CaError('notFound', `The vault ${vault.name} does not hold ${vaultKey}, the key of ${authority}.`);
  }
}

export function vaultFaultOf(error: unknown): VaultFault {
  const { code, message } = error instanceof CaError ? error : unknownFault;
  return { code, message };
}

const unknownFault = { code: 'signerUnavailable', message: 'The vault did not answer.' } as const;
