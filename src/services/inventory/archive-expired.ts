/** Retention: moves certificates that expired long ago to the archive, a few at a time, when their lists no longer need them. */
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { ClockLimits, GuardedClock } from '../guard-clock.ts';

export interface ArchiveDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly log: Log;
  readonly clockLimits: Pick<ClockLimits, 'acceptClock'>;
  readonly archiveAfterDays: number;
  /** nextUpdate - thisUpdate of each list. */
  readonly crlLifetimeSeconds: number;
}

/** One act stays short: certificates that are being issued share the writer with it. */
const rowsPerStep = 50;

/** How long to wait after a step that found less than it could have moved. */
const restMs = 60_000;

/**
 * Gives what does one step. It is to be called about once a second, resolves to the number of certificates moved, and never
 * rejects: all else of the housekeeping is more urgent.
 */
export function createArchiving(deps: ArchiveDeps): () => Promise<number> {
  // Somebody's word is enough to issue by. What is archived does not come back, and a clock that was believed by mistake would
  // take good certificates out of lists, and from under those who are to rotate them. Nothing is lost by waiting for the next start.
  if (deps.clockLimits.acceptClock) return async () => 0;
  let restUntil = 0;
  return async () => {
    // A clock that is not believed would make young certificates look old.
    if (deps.clock.monotonic() < restUntil || deps.clock.problem() !== undefined) return 0;
    const moved = await step(deps).catch((error: unknown) => {
      deps.log.error({ err: error }, 'nothing could be archived; trying again');
      return 0;
    });
    if (moved < rowsPerStep) restUntil = deps.clock.monotonic() + restMs;
    return moved;
  };
}

async function step({ inventory, clock, archiveAfterDays, crlLifetimeSeconds }: ArchiveDeps): Promise<number> {
  const at = clock.now();
  const expiredBefore = Math.floor(at / 1000) - archiveAfterDays * 86_400;
  const serials = await inventory.archivable({ expiredBefore, crlLifetimeSeconds, limit: rowsPerStep });
  const [first] = serials;
  if (first === undefined) return 0;
  const details = { certificates: serials.length, first, last: serials.at(-1) ?? first, expiredBefore };
  const audit = { at, kind: 'certificates.archived', actor: 'service', object: 'service', details } as const;
  await inventory.archiveCertificates({ serials, audit });
  return serials.length;
}
