/** Closes the intents that a crash left: their serial is durable, whether it was ever signed is not known. */
import type { Clock } from '../ports/clock.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Log } from '../ports/log.ts';
import type { RevocationNews } from './revocation-news.ts';

export interface RecoverDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly news: RevocationNews;
  readonly log: Log;
}

/**
 * Closes every intent older than `olderThanMs` and resolves to their number. A closed intent is revoked, so that a
 * signature nobody ever saw can do no harm; no answer was sent for it, so nobody misses it.
 */
export async function recoverUnfinished(deps: RecoverDeps, olderThanMs: number): Promise<number> {
  const before = deps.clock.now() - olderThanMs;
  let closed = 0;
  for (const { serial, authority } of await deps.inventory.unfinishedIntents(before)) {
    const at = deps.clock.now();
    const audit = { at, kind: 'certificate.intentClosed', actor: 'service', object: `certificate:${serial}` } as const;
    if (!(await deps.inventory.closeIntent({ serial, at, audit }))) continue;
    deps.news.announce({ serial, authority, revoked: true });
    closed += 1;
  }
  if (closed > 0) deps.log.warn({ closed }, 'intents left unfinished were closed as revoked');
  return closed;
}
