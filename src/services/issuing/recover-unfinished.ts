/** Closes the intents that a crash left: their serial is durable, whether it was ever signed is not known. */
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';

export interface RecoverDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly news: RevocationNews;
  readonly log: Log;
}

/** Closings under way at once: they share commits, so that a thousand are closed in a second. */
const atOnce = 100;

/**
 * Closes every intent requested before this Unix millisecond and resolves to their number. A closed intent is revoked, so that a
 * signature nobody ever saw can do no harm; no answer was sent for it, so nobody misses it.
 */
export async function recoverUnfinished(deps: RecoverDeps, before: number): Promise<number> {
  const intents = await deps.inventory.unfinishedIntents(before);
  let closed = 0;
  for (let start = 0; start < intents.length; start += atOnce) {
    const outcomes = await Promise.all(intents.slice(start, start + atOnce).map((intent) => close(deps, intent)));
    closed += outcomes.filter(Boolean).length;
  }
  if (closed > 0) deps.log.warn({ closed }, 'intents left unfinished were closed as revoked');
  return closed;
}

async function close(deps: RecoverDeps, { serial, authority }: CertificateRecord): Promise<boolean> {
  const at = deps.clock.now();
  const audit = { at, kind: 'certificate.intentClosed', actor: 'service', object: `certificate:${serial}` } as const;
  if (!(await deps.inventory.closeIntent({ serial, at, audit }))) return false;
  deps.news.announce({ serial, authority, revoked: true });
  return true;
}
