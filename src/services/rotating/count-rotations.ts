/** Counts what should have been rotated, over an inventory of any size: a slice at a time, with long rests for everybody else. */
import type { RotationCount, RotationPlace } from '../../ports/alert-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { pauseFor } from '../pause.ts';

/** Slices are read by the thread that answers requests: however many there are, they get a tenth of it. */
const restPerWork = 9;

export interface CountRotationsDeps {
  readonly inventory: Pick<Inventory, 'rotationSlice'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Asked after each slice. */
  readonly isStopped: () => boolean;
  readonly pause?: (ms: number) => Promise<void>;
}

/** By owner; undefined when it was stopped before the end. */
export async function countRotations(
  { inventory, clock, isStopped, pause = pauseFor }: CountRotationsDeps,
  asked: { readonly now: number; readonly boundsDays: readonly number[] },
): Promise<readonly RotationCount[] | undefined> {
  const totals = new Map<string, RotationCount>();
  let from: RotationPlace | null = null;
  do {
    const startedAt = clock.monotonic();
    const { counts, next } = await inventory.rotationSlice({ ...asked, from });
    for (const count of counts) totals.set(count.owner, sum(totals.get(count.owner), count));
    if (next) await pause((clock.monotonic() - startedAt) * restPerWork);
    if (isStopped()) return undefined;
    from = next;
  } while (from);
  return [...totals.values()];
}

const sum = (total: RotationCount | undefined, count: RotationCount): RotationCount =>
  total === undefined
    ? count
    : {
        owner: count.owner,
        overdue: total.overdue + count.overdue,
        expiring: total.expiring.map((expiring, band) => expiring + count.expiring[band]!),
        failed: total.failed + count.failed,
      };
