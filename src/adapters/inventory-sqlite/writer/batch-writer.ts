/** Group commit: many acts in one durable transaction, one by one again when an act fails unforeseen. */
import { CaError } from '../../../domain/errors.ts';
import type { Act } from '../acts/acts.ts';
import { allActs } from '../acts/all-acts.ts';
import { type Connection, type ConnectionOptions, openForWriting } from '../connection.ts';
import { type Failure, failureOf, isBusy, isUnavailable } from '../database-error.ts';
import { lazyStatements } from '../lazy-statements.ts';
import type { WriteAheadLog } from './checkpointer.ts';

/** What became of one act. */
export type ActResult = { readonly value: unknown } | { readonly failure: Failure };

/** The open database with all acts on it. */
interface Session {
  readonly connection: Connection;
  run(act: Act): unknown;
  /** See WriteAheadLog. */
  logPages(): number;
  begin(): void;
  commit(): void;
  /** Also when SQLite has rolled back by itself, as it does on a full disk. */
  rollback(): void;
}

export interface BatchWriter {
  /**
   * Results in the order of the acts. When it returns, what succeeded is on the disk, and the rest left no trace. `more` is asked
   * before the commit until it gives nothing: what came meanwhile goes with the others, and has its results after theirs.
   */
  write(acts: readonly Act[], more?: () => readonly Act[]): ActResult[];
  readonly log: WriteAheadLog;
  /** Closes the database. */
  close(): void;
}

const nothingMore = (): readonly Act[] => [];

/** Opens at once, and anew after a fault of the disk: it recovers when the disk does. */
export function openBatchWriter(options: ConnectionOptions): BatchWriter {
  let session: Session | undefined = openSession(options);

  const together = (taken: Act[], more: () => readonly Act[]): ActResult[] => {
    session ??= openSession(options);
    session.begin();
    try {
      const results: ActResult[] = [];
      while (results.length < taken.length) {
        results.push(...taken.slice(results.length).map((act) => decide(session!, act)));
        taken.push(...more());
      }
      session.commit();
      return results;
    } catch (error) {
      session.rollback();
      throw error;
    }
  };

  const write = (acts: readonly Act[], more = nothingMore): ActResult[] => {
    const taken = [...acts];
    try {
      return together(taken, more);
    } catch (error) {
      if (isUnavailable(error) && !isBusy(error)) session = discard(session);
      if (taken.length === 1 || isUnavailable(error)) return taken.map(() => ({ failure: failureOf(error) }));
      // One of them is at fault: alone, it fails alone.
      return taken.flatMap((act) => write([act]));
    }
  };

  return {
    write,
    log: {
      pages: () => session?.logPages() ?? 0,
      checkpoint: () => void session?.connection.pragma('wal_checkpoint(PASSIVE)'),
    },
    // The last connection to close copies the log into the database; what a full disk keeps from it stays in the log.
    close() {
      session = discard(session);
    },
  };
}

/** A CaError is an expected refusal, thrown before the act wrote anything: the transaction goes on. */
function decide(session: Session, act: Act): ActResult {
  try {
    return { value: session.run(act) };
  } catch (error) {
    if (error instanceof CaError) return { failure: failureOf(error) };
    throw error;
  }
}

function openSession(options: ConnectionOptions): Session {
  const connection = openForWriting(options);
  // Until a statement ends SQLite keeps what it changed, in case it fails; in a file that would be some forty writes a certificate.
  connection.pragma('temp_store = MEMORY');
  const { acts, forget } = allActs(lazyStatements(connection));
  // IMMEDIATE takes the write lock first, so that a busy database is met before anything is done.
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const commit = connection.prepare('COMMIT');
  // Copies nothing, and tells how long the log is (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
  const logState = connection.prepare<[], { log: number }>('PRAGMA wal_checkpoint(NOOP)');
  // Differs once another connection has committed (https://sqlite.org/pragma.html#pragma_data_version).
  const dataVersion = connection.prepare<[], number>('PRAGMA data_version').pluck();
  let knownVersion: number | undefined;
  return {
    connection,
    run: ([name, args]) => (acts[name] as (...args: unknown[]) => unknown)(...args),
    begin() {
      begin.run();
      const version = dataVersion.get();
      if (version !== knownVersion) forget();
      knownVersion = version;
    },
    logPages: () => logState.get()!.log,
    commit: () => void commit.run(),
    rollback() {
      forget();
      if (connection.inTransaction) connection.exec('ROLLBACK');
    },
  };
}

function discard(session: Session | undefined): undefined {
  try {
    session?.connection.close();
  } catch {
    // A connection whose disk failed may fail to close; another takes its place all the same.
  }
  return undefined;
}
