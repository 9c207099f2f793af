/** What no list told a restore: of retired generations, and of those that had no certificate yet. */
import type { RestoredList, UnlistedGeneration } from '../../domain/backup/report.ts';
import { type AuthorityGeneration, generationId } from '../../domain/records/generation.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { waitingKey } from './judge-other-lists.ts';

interface Asking {
  readonly inventory: Inventory;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The others are the service's own, which replaces them. */
const othersHold = ['product', 'operator'] as const;

/** Nobody can sign a list for them any more, so that what was revoked since is known to people alone. */
export async function unlistedIn(
  { inventory, now }: Asking,
  generations: readonly AuthorityGeneration[],
): Promise<readonly UnlistedGeneration[]> {
  const found: UnlistedGeneration[] = [];
  for (const generation of generations) {
    const { phase, certificateSerial } = generation;
    if (phase !== 'retired' || certificateSerial === null) continue;
    let good = 0;
    for (const purpose of othersHold) {
      const asked = { issuerSerial: certificateSerial, purpose, status: ['valid', 'held'] } as const;
      good += (await inventory.countMatches(asked, Math.floor(now / 1000))).matches;
    }
    if (good > 0) found.push({ authority: generationId(generation), good });
  }
  return found;
}

/** Ids of those that wait for the certificate of their key, and of which no list was given. */
export async function waitingIn(
  { inventory }: Pick<Asking, 'inventory'>,
  lists: readonly RestoredList[],
  generations: readonly AuthorityGeneration[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const generation of generations) {
    const id = generationId(generation);
    if (lists.some(({ authority }) => authority === id)) continue;
    if (await waitingKey(inventory, generation)) found.push(id);
  }
  return found;
}
