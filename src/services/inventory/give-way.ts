/** Makes long reads give way to issuing: while certificates are being written, they rest longer than they work. */
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { pauseFor } from '../pause.ts';

/** Rest for each unit of work: a quarter of one processor is left for reading, which issuing hardly feels. */
const restPerWork = 3;
const longestRestMs = 1_000;

export interface GiveWayDeps {
  readonly inventory: Pick<Inventory, 'load'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly pause?: (ms: number) => Promise<void>;
}

/** Runs each step of one long task; a step may come later than it was asked for, by how long the one before it took. */
export function createGiveWay({
  inventory,
  clock,
  pause = pauseFor,
}: GiveWayDeps): <T>(step: () => Promise<T>) => Promise<T> {
  let tookMs = 0;
  let accepted = 0;
  return async (step) => {
    const load = await inventory.load();
    // Also when none waits just now: a certificate waits for a writer in turn with much else.
    const isWriting = load.pendingWrites > 0 || load.acceptedWrites !== accepted;
    accepted = load.acceptedWrites;
    if (tookMs > 0 && isWriting) await pause(Math.min(tookMs * restPerWork, longestRestMs));
    const startedAt = clock.monotonic();
    try {
      return await step();
    } finally {
      tookMs = clock.monotonic() - startedAt;
    }
  };
}
