/** Which authorities whose keys are elsewhere still matter: those above something that is in use. */
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { hasIssued } from './certificates-in-use.ts';
import type { ExternalDirectory, ExternalView } from './external-authorities.ts';
import { authorityCertificatesOf } from './revoke-authority-certificates.ts';

export interface ExternalInUseDeps {
  readonly inventory: Inventory;
  readonly external: Pick<ExternalDirectory, 'all'>;
}

/**
 * Those above a generation that is not at its end, or whose end left products with its certificates. After that nobody asks for
 * their lists. `now` in Unix seconds.
 */
export async function externalInUse(
  { inventory, external }: ExternalInUseDeps,
  now: number,
): Promise<readonly ExternalView[]> {
  const views = await external.all();
  if (views.length === 0) return views;
  const used = await signersOf(inventory, await generationsInUse(inventory, now));
  const parents = new Map(views.map((view) => [view.external.name, view.external.parent]));
  for (const name of used) {
    const parent = parents.get(name);
    if (parent !== undefined) used.add(parent);
  }
  return views.filter((view) => used.has(view.external.name));
}

async function generationsInUse(inventory: Inventory, now: number): Promise<readonly AuthorityGeneration[]> {
  const found: AuthorityGeneration[] = [];
  for (const generation of await inventory.generations()) {
    const { phase, certificateSerial } = generation;
    if (phase === 'abandoned') continue;
    const isLeft =
      phase === 'retired' && certificateSerial !== null && !(await hasIssued(inventory, certificateSerial, now));
    if (!isLeft) found.push(generation);
  }
  return found;
}

/** Names of the authorities that signed any certificate which one of these generations has had. */
export async function signersOf(
  inventory: Pick<Inventory, 'authorityCertificates' | 'certificate'>,
  generations: readonly Pick<AuthorityGeneration, 'authority' | 'number'>[],
): Promise<Set<string>> {
  const signers = new Set<string>();
  for (const { authority, number } of generations) {
    const certificates = await authorityCertificatesOf(inventory, authority);
    for (const one of certificates) if (one.generation === number) signers.add(one.issuer);
  }
  return signers;
}
