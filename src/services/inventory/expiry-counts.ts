/** How many certificates of which product end when: counted now and then in the background, for whoever looks at metrics. */
import type { Clock } from '../../ports/clock.ts';
import type { ExpiryCount, Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { pauseFor } from '../pause.ts';

export interface ExpiryCountsDeps {
  readonly inventory: Pick<Inventory, 'expiryCounts'>;
  readonly clock: Pick<GuardedClock, 'now'> & Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** Upper ends of the bands, in days. */
export const expiryBoundsDays = [1, 7, 14, 30, 60, 90] as const;

/** A million rows take about a second of the search thread, so they are not read for each scrape. */
const keptMs = 5 * 60_000;
/** How long the first one who asks waits; with a small inventory that is enough to get the counts at once. */
const firstWaitMs = 1000;

/** The counts, at most some minutes old; undefined before the first ones are there. Nobody asks: nothing is counted. */
export function createExpiryCounts(deps: ExpiryCountsDeps): () => Promise<readonly ExpiryCount[] | undefined> {
  let kept: readonly ExpiryCount[] | undefined;
  let countedAt = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  const count = async (): Promise<void> => {
    const asked = { now: Math.floor(deps.clock.now() / 1000), boundsDays: expiryBoundsDays };
    try {
      kept = await deps.inventory.expiryCounts(asked);
      countedAt = deps.clock.monotonic();
    } catch (error) {
      deps.log.warn({ err: error }, 'the certificates could not be counted for the metrics; trying again');
    } finally {
      counting = undefined;
    }
  };

  return async () => {
    if (deps.clock.monotonic() - countedAt >= keptMs) counting ??= count();
    if (kept === undefined && counting) await Promise.race([counting, pauseFor(firstWaitMs)]);
    return kept;
  };
}
