/** Revokes predecessors whose overlap with their successor is over, where the profile asks for it: a few at a time. */
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';
import { supersededEntry } from './superseded-entry.ts';

export interface SupersedeDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly news: RevocationNews;
  readonly log: Log;
}

/** They share a commit, and the writer is free again soon. */
const atOnce = 100;

/**
 * Gives what does one step. It is to be called about once a second, resolves to the number of certificates revoked, and never
 * rejects. What is due is in the inventory, so that a service that was away does it when it is back.
 */
export function createSuperseding(deps: SupersedeDeps): () => Promise<number> {
  return async () => {
    // A clock that is not believed would cut overlaps short.
    if (deps.clock.problem() !== undefined) return 0;
    try {
      const due = await deps.inventory.dueSupersessions(Math.floor(deps.clock.now() / 1000), atOnce);
      const revoked = await Promise.all(due.map((serial) => supersede(deps, serial)));
      return revoked.filter(Boolean).length;
    } catch (error) {
      deps.log.error({ err: error }, 'superseded certificates could not be revoked; trying again');
      return 0;
    }
  };
}

async function supersede({ inventory, clock, news, log }: SupersedeDeps, serial: string): Promise<boolean> {
  const now = clock.now();
  const audit = supersededEntry(serial, now);
  const record = await inventory.supersedeCertificate({ serial, at: Math.floor(now / 1000), audit });
  if (record) news.announce({ serial, authority: record.authority, revoked: true });
  else
    log.warn(
      { serial },
      'a predecessor was not revoked as superseded: it is revoked already, or its successor is, or on hold',
    );
  return record !== undefined;
}
