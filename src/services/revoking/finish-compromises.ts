/** Revokes what shares a compromised key, a commit at a time, so that others are served in between; goes on after a stop. */
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { RevocationNews } from './revocation-news.ts';

export interface CompromiseDeps {
  readonly inventory: Pick<Inventory, 'revokeSharers' | 'unfinishedCompromises'>;
  readonly clock: Pick<GuardedClock, 'now'>;
  readonly news: RevocationNews;
  readonly log: Log;
}

/** Until none is left of the named certificate's key. Never rejects: it is written down, and the housekeeping goes on with it. */
export async function finishCompromise({ inventory, clock, news, log }: CompromiseDeps, serial: string): Promise<void> {
  try {
    for (let areLeft = true; areLeft; ) {
      const outcome = await inventory.revokeSharers({ serial, at: clock.now() });
      for (const sharer of outcome.sharers) news.announce({ ...sharer, revoked: true });
      areLeft = outcome.areLeft;
    }
  } catch (error) {
    log.error({ err: error, serial }, 'what shares a compromised key could not be revoked; trying again');
  }
}

/** What a request began that was cut short, by a stop or a full disk. */
export const createFinishCompromises = (deps: CompromiseDeps) => async (): Promise<void> => {
  for (const serial of await deps.inventory.unfinishedCompromises()) await finishCompromise(deps, serial);
};
