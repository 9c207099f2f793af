/** Who waits for searches, and who answers them: started when first needed, ended when nobody has searched for a while. */
import { CaError } from '../../../domain/errors.ts';
import type { Inventory } from '../../../ports/inventory.ts';
import { errorOf } from '../database-error.ts';
import type { SearchAnswer, SearchName, SearchRequest } from './search-messages.ts';
import type { Searcher, StartSearcher } from './searcher.ts';

/** Searches run one after the other; more than this many at once are too many. */
const maximumWaiting = 100;
/** A thread costs memory that an idle service does not spend. */
const idleMs = 30_000;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Errors as the port has them: `overloaded`, `inventoryUnavailable`, `stopping`. */
export interface Searches extends Pick<Inventory, SearchName> {
  /** How many wait for an answer. */
  waiting(): number;
  /** Whoever still waits is told `stopping`. */
  close(): Promise<void>;
}

/** Starts nothing yet. Memory among what is asked is handed over, not copied. */
export function waitingSearches(startSearcher: StartSearcher): Searches {
  const waiting = new Map<number, Waiting>();
  let searcher: Searcher | undefined;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;
  let closed = false;

  const hear = (answer: SearchAnswer): void => {
    const asker = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('failure' in answer) asker?.reject(errorOf(answer.failure));
    else asker?.resolve(answer.value as never);
    if (waiting.size === 0 && !closed) idle = setTimeout(() => void end(), idleMs).unref();
  };

  const start = (): Searcher => {
    const started = startSearcher({
      answered: hear,
      ended(cause) {
        // One that was ended on purpose had answered everything.
        if (searcher !== started) return;
        searcher = undefined;
        for (const { reject } of waiting.values()) reject(interrupted(cause));
        waiting.clear();
      },
    });
    return started;
  };

  const end = async (): Promise<void> => {
    const ending = searcher;
    searcher = undefined;
    await ending?.end();
  };

  const ask =
    <Name extends SearchName>(name: Name) =>
    (...args: Parameters<Inventory[Name]>): ReturnType<Inventory[Name]> => {
      if (closed) return Promise.reject(stopping()) as never;
      if (waiting.size >= maximumWaiting) return Promise.reject(tooMany()) as never;
      const request: SearchRequest<Name> = { id: ++lastId, name, args };
      try {
        searcher ??= start();
        searcher.ask(request);
        clearTimeout(idle);
      } catch (error) {
        return Promise.reject(interrupted(error)) as never;
      }
      return new Promise((resolve, reject) => waiting.set(request.id, { resolve, reject })) as ReturnType<
        Inventory[Name]
      >;
    };

  return {
    searchCertificates: ask('searchCertificates'),
    renderCertificates: ask('renderCertificates'),
    countMatches: ask('countMatches'),
    summary: ask('summary'),
    searchAuditEvents: ask('searchAuditEvents'),
    campaignMembers: ask('campaignMembers'),
    counts: ask('counts'),
    expiryCounts: ask('expiryCounts'),
    expiring: ask('expiring'),
    waiting: () => waiting.size,
    async close() {
      closed = true;
      clearTimeout(idle);
      if (waiting.size === 0) return end();
      const ending = searcher;
      searcher = undefined;
      for (const { reject } of waiting.values()) reject(stopping());
      waiting.clear();
      // A hundred searches of seconds each may be left, which the thread would come to the end of for nobody.
      await ending?.terminate();
    },
  };
}

const stopping = (): CaError => new CaError('stopping', 'The service is stopping.');

const tooMany = (): CaError =>
  new CaError('overloaded', 'Too many searches wait for the inventory. Try again.', { retryAfterSeconds: 2 });

const interrupted = (cause: unknown): CaError =>
  new CaError('inventoryUnavailable', 'The search was interrupted. Try again.', { retryAfterSeconds: 1, cause });
