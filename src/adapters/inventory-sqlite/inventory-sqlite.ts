/** The inventory on SQLite: one file, one writer thread with group commit, readers that never wait. docs/inventory.md. */
import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { RecordRenderers } from '../../ports/inventory-questions.ts';
import type { SubmissionOutcome } from '../../ports/request-store.ts';
import { type Act, type ActName, actNames } from './acts/acts.ts';
import { type Connection, type ConnectionOptions, openForReading, openForWriting } from './connection.ts';
import { startErrorOf } from './database-error.ts';
import { lazyStatements } from './lazy-statements.ts';
import { migrate, readMigrations } from './migrate.ts';
import { alertReads } from './reads/alert-reads.ts';
import { campaignReads } from './reads/campaign-reads.ts';
import { deploymentReads } from './reads/deployment-reads.ts';
import { externalReads } from './reads/external-reads.ts';
import { pointReads } from './reads/point-reads.ts';
import { policyReads } from './reads/policy-reads.ts';
import { requestReads } from './reads/request-reads.ts';
import { searchThreads } from './search/search-thread.ts';
import type { StartSearcher } from './search/searcher.ts';
import { type Searches, waitingSearches } from './search/waiting-searches.ts';
import { WriteQueue, type WriteQueueOptions } from './writer/write-queue.ts';
import type { StartWriter } from './writer/writer.ts';
import { writerThreads } from './writer/writer-thread.ts';

export interface SqliteInventoryOptions {
  /** Created with mode 0600 when it does not exist; its folder must. `-wal` and `-shm` appear beside it. */
  readonly file: string;
  readonly migrationsDirectory: string;
  /** How long to wait for another program's lock before a write is refused as `inventoryUnavailable`. */
  readonly busyTimeoutMs?: number;
  readonly queue?: Partial<WriteQueueOptions>;
  /** Where commits wait for the disk and searches read; `threads` if absent: `here` is for programs that have nothing else to do meanwhile. */
  readonly work?: 'threads' | 'here';
  /** First module of the search thread: it calls `serveSearches` with what `renderCertificates` is to know. */
  readonly searchThread?: URL;
  /** The same for searches here. */
  readonly renderers?: RecordRenderers;
}

const plainSearches = new URL('./search/search-worker.ts', import.meta.url);

const writerCacheKib = 16_000;
const readerCacheKib = 4_000;
/** What searches read is mostly read once, and what they read again the kernel has. */
const searchCacheKib = 2_000;

/**
 * Opens, and creates or migrates if need be. StartError `schemaTooNew`, `databaseDamaged`, `durabilityNotMet`,
 * `homeUnwritable` or `homeLocked`, each with what to do.
 */
export async function openSqliteInventory(options: SqliteInventoryOptions): Promise<Inventory> {
  const { file, busyTimeoutMs = 2000 } = options;
  const writing: ConnectionOptions = { file, busyTimeoutMs, cacheKib: writerCacheKib };
  const reading: ConnectionOptions = { file, busyTimeoutMs, cacheKib: readerCacheKib };
  const searching: ConnectionOptions = { file, busyTimeoutMs, cacheKib: searchCacheKib };
  try {
    createFile(file);
    const first = openForWriting(writing);
    try {
      migrate(first, readMigrations(options.migrationsDirectory));
      const queueOptions = { maximumPending: 10_000, restartDelayMs: 100, ...options.queue };
      const { startWriter, startSearcher } =
        options.work === 'here'
          ? await workHere(writing, searching, options.renderers ?? {})
          : {
              startWriter: writerThreads(writing),
              startSearcher: searchThreads(searching, options.searchThread ?? plainSearches),
            };
      const reader = openForReading(reading);
      const queue = await WriteQueue.open(startWriter, queueOptions).catch((error: unknown) => {
        reader.close();
        throw error;
      });
      return compose(queue, reader, waitingSearches(startSearcher));
    } finally {
      first.close();
    }
  } catch (error) {
    throw startErrorOf(error, file);
  }
}

interface Workers {
  readonly startWriter: StartWriter;
  readonly startSearcher: StartSearcher;
}

/** Loaded when asked for: acts and searches are some eighty modules, which a program with threads does not need here. */
async function workHere(
  writing: ConnectionOptions,
  searching: ConnectionOptions,
  renderers: RecordRenderers,
): Promise<Workers> {
  const [{ writerHere }, { searchesHere }] = await Promise.all([
    import('./writer/writer-here.ts'),
    import('./search/search-here.ts'),
  ]);
  return { startWriter: writerHere(writing), startSearcher: searchesHere(searching, renderers) };
}

/** SQLite gives its log files the mode of the database. Only made here, never opened again: closing a file drops its locks. */
function createFile(file: string): void {
  try {
    closeSync(openSync(file, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600));
    const folder = openSync(dirname(file), constants.O_RDONLY);
    fsyncSync(folder);
    closeSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new StartError('homeUnwritable', `${file} cannot be created. Check its folder’s owner and mode.`, error);
  }
}

function compose(queue: WriteQueue, reader: Connection, searches: Searches): Inventory {
  let closing: Promise<void> | undefined;
  const { close: _close, waiting, ...searching } = searches;
  const reads = lazyStatements(reader);
  return {
    ...writes(queue),
    ...pointReads(reads),
    ...policyReads(reads),
    ...requestReads(reads),
    ...campaignReads(reads),
    ...deploymentReads(reads),
    ...alertReads(reads),
    ...externalReads(reads),
    ...searching,
    load: async () => ({ pendingWrites: queue.pending, acceptedWrites: queue.accepted, waitingSearches: waiting() }),
    recordIssued: (issued) =>
      queue.submit(['recordIssued', [{ ...issued, certificateDer: ownBytes(issued.certificateDer) }]]) as Promise<void>,
    recordRequest: (submission) =>
      queue.submit([
        'recordRequest',
        [{ ...submission, csrDer: ownBytes(submission.csrDer) }],
      ]) as Promise<SubmissionOutcome>,
    recordCrl: (crl, audit) =>
      queue.submit(['recordCrl', [{ ...crl, der: ownBytes(crl.der) }, audit]]) as Promise<void>,
    recordRestoration: (restoration) => {
      const crls = restoration.crls.map((crl) => ({ ...crl, der: ownBytes(crl.der) }));
      return queue.submit(['recordRestoration', [{ ...restoration, crls }]]) as Promise<void>;
    },
    close: () => (closing ??= closeAll(queue, reader, searches)),
  };
}

/** Readers go first: the last connection to close, which may write, tidies the log away. */
function closeAll(queue: WriteQueue, reader: Connection, searches: Searches): Promise<void> {
  const searchesClosed = searches.close();
  return queue.close(async () => {
    await searchesClosed;
    reader.close();
  });
}

/** Every act of the port, handed to the queue. */
function writes(queue: WriteQueue): Pick<Inventory, ActName> {
  const submit = (name: ActName) => [name, (...args: unknown[]) => queue.submit([name, args] as unknown as Act)];
  return Object.fromEntries(actNames.map(submit)) as unknown as Pick<Inventory, ActName>;
}

/** A view of a pooled buffer would be sent with the whole pool behind it. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
