/** Says of an authority that is compromised and not replaced yet what it waits for. */
import type { Authority } from '../../domain/records/environment.ts';
import { isDeclared } from './declared-compromises.ts';
import { rotationFrom } from './lost-generations.ts';
import { idOf } from './prepare-generation.ts';
import { lackingCertificates, type ObstacleDeps } from './rotation-obstacles.ts';

/** A sentence; null for one that may issue, or was stopped otherwise. */
export async function whyStopped(deps: ObstacleDeps, { name, generation }: Authority): Promise<string | null> {
  const { inventory } = deps;
  const own = (await inventory.generations()).find((one) => one.authority === name && one.number === generation);
  if (!own?.isCompromised) return null;
  const stopped = `${name} is compromised and issues nothing until it is replaced`;
  const rotation = rotationFrom(await inventory.rotations(), own);
  if (!rotation && !(await isDeclared(inventory, name, generation))) return `${stopped}: declare it again to go on`;
  if (!rotation) return `${stopped}: the new key could not be made yet; \`vault list\` says which vault is away`;
  const lacking = await lackingCertificates(deps, rotation);
  return lacking.length === 0
    ? `${stopped} by ${idOf(rotation, 'generation')}: declare it again to go on`
    : `${stopped}; ${lacking.join('; ')}`;
}
