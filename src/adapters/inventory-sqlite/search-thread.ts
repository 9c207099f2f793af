/** The search thread as the main thread sees it: started when first needed, ended when nobody has searched for a while. */
import type { Worker } from 'node:worker_threads';
import type { KeptEvent } from '../../domain/audit/kept-event.ts';
import { CaError } from '../../domain/errors.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { AuditQuery, CertificateQuery, ExpiryCount, InventoryCounts } from '../../ports/inventory.ts';
import { ended, startWorkerThread } from '../threads/worker-thread.ts';
import type { ConnectionOptions } from './connection.ts';
import { errorOf } from './database-error.ts';
import type { AskedExpiries, SearchAnswer, SearchRequest } from './search-messages.ts';

/** Searches run one after the other; more than this many at once are too many. */
const maximumWaiting = 100;
/** A thread costs memory that an idle service does not spend. */
const idleMs = 30_000;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Errors as the port has them: `overloaded`, `inventoryUnavailable`, `stopping`. */
export interface SearchThread {
  search(query: CertificateQuery): Promise<readonly CertificateRecord[]>;
  auditEvents(query: AuditQuery): Promise<readonly KeptEvent[]>;
  counts(): Promise<InventoryCounts>;
  expiryCounts(asked: AskedExpiries): Promise<readonly ExpiryCount[]>;
  /** How many wait for an answer. */
  waiting(): number;
  close(): Promise<void>;
}

/** Starts nothing yet. */
export function searchThread(options: ConnectionOptions): SearchThread {
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
    if (waiting.size === 0) idle = setTimeout(() => void end(), idleMs).unref();
  };

  const start = (): Worker => {
    const started = startWorkerThread(new URL('./search-worker.ts', import.meta.url), options);
    let cause: unknown;
    started.on('message', hear);
    started.on('error', (error) => {
      cause = error;
    });
    started.on('exit', () => {
      // One that was ended on purpose has answered everything.
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

  const ask = <T>(asked: Omit<SearchRequest, 'id'>): Promise<T> => {
    if (closed) return Promise.reject(new CaError('stopping', 'The service is stopping.'));
    if (waiting.size >= maximumWaiting) return Promise.reject(tooMany());
    clearTimeout(idle);
    worker ??= start();
    const request: SearchRequest = { id: ++lastId, ...asked };
    const answered = new Promise<T>((resolve, reject) => waiting.set(request.id, { resolve, reject }));
    worker.postMessage(request);
    return answered;
  };

  return {
    search: (query) => ask({ query }),
    auditEvents: (auditQuery) => ask({ auditQuery }),
    counts: () => ask({}),
    expiryCounts: (expiries) => ask({ expiries }),
    waiting: () => waiting.size,
    async close() {
      closed = true;
      clearTimeout(idle);
      await end();
    },
  };
}

const tooMany = (): CaError =>
  new CaError('overloaded', 'Too many searches wait for the inventory. Try again.', { retryAfterSeconds: 2 });

const interrupted = (cause: unknown): CaError =>
  new CaError('inventoryUnavailable', 'The search was interrupted. Try again.', { retryAfterSeconds: 1, cause });
