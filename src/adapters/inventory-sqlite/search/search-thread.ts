/** The search thread as the main thread sees it: started when first needed, ended when nobody has searched for a while. */
import type { Worker } from 'node:worker_threads';
import { CaError } from '../../../domain/errors.ts';
import type { Inventory } from '../../../ports/inventory.ts';
import { ended, startWorkerThread } from '../../threads/worker-thread.ts';
import type { ConnectionOptions } from '../connection.ts';
import { errorOf } from '../database-error.ts';
import type { SearchAnswer, SearchName, SearchRequest } from './search-messages.ts';

/** Searches run one after the other; more than this many at once are too many. */
const maximumWaiting = 100;
/** A thread costs memory that an idle service does not spend. */
const idleMs = 30_000;
/** Rows are garbage as soon as they are text: more room would only fill with them, and make nothing faster. */
const youngMb = 2;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Errors as the port has them: `overloaded`, `inventoryUnavailable`, `stopping`. */
export interface SearchThread extends Pick<Inventory, SearchName> {
  /** How many wait for an answer. */
  waiting(): number;
  /** Whoever still waits is told `stopping`. */
  close(): Promise<void>;
}

/**
 * Starts nothing yet. Memory among what is asked is handed over, not copied. `entry` is the thread's first module; it calls
 * `serveSearches`.
 */
export function searchThread(options: ConnectionOptions, entry: URL): SearchThread {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
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

  const start = (): Worker => {
    const started = startWorkerThread(entry, options, youngMb);
    let cause: unknown;
    started.on('message', hear);
    started.on('error', (error) => {
      cause = error;
    });
    started.on('exit', () => {
      // A thread that was ended on purpose had answered everything.
      if (worker !== started) return;
      worker = undefined;
      for (const { reject } of waiting.values()) reject(interrupted(cause));
      waiting.clear();
    });
    return started;
  };

  const end = async (): Promise<void> => {
    const ending = worker;
    worker = undefined;
    if (!ending) return;
    const closed = ended(ending);
    ending.postMessage('close');
    await closed;
  };

  const ask =
    <Name extends SearchName>(name: Name) =>
    (...args: Parameters<Inventory[Name]>): ReturnType<Inventory[Name]> => {
      if (closed) return Promise.reject(stopping()) as never;
      if (waiting.size >= maximumWaiting) return Promise.reject(tooMany()) as never;
      clearTimeout(idle);
      worker ??= start();
      const request: SearchRequest<Name> = { id: ++lastId, name, args };
      const answered = new Promise((resolve, reject) => waiting.set(request.id, { resolve, reject }));
      worker.postMessage(
        request,
        args.filter((arg) => arg instanceof ArrayBuffer),
      );
      return answered as ReturnType<Inventory[Name]>;
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
      const ending = worker;
      worker = undefined;
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
