/** Opens SQLite connections; each one sets its PRAGMAs and reads them back, for durability is a property of the open. */
import Database from 'better-sqlite3';
import { StartError } from '../../domain/errors.ts';

export type Connection = Database.Database;

export interface ConnectionOptions {
  readonly file: string;
  /** How long a statement waits for another program's lock. */
  readonly busyTimeoutMs: number;
  /** Size of the page cache in KiB. */
  readonly cacheKib: number;
}

/** SQLite's numbers and words for what must hold; a value that differs stops the start. */
const required = {
  journal_mode: 'wal',
  // FULL: a commit is on the disk when it returns. Each open but the one that switched to WAL begins with NORMAL.
  synchronous: 2,
  // On macOS fsync alone does not reach the disk; elsewhere this changes nothing.
  fullfsync: 1,
  foreign_keys: 1,
  trusted_schema: 0,
} as const;

/** The writing connection; creates an empty database if the file is empty. Throws SqliteError, or StartError `durabilityNotMet`. */
export function openForWriting(options: ConnectionOptions): Connection {
  const connection = new Database(options.file, { fileMustExist: true, timeout: options.busyTimeoutMs });
  return secured(connection, () => {
    connection.pragma('journal_mode = WAL');
    connection.pragma(`cache_size = -${options.cacheKib}`);
    // Only where the writer's checkpointer does not keep up (writer/checkpointer.ts), or there is none.
    connection.pragma('wal_autocheckpoint = 16000');
    // After a burst the log file shrinks to this again.
    connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
    // Else REPLACE would remove a row without its triggers, which guard the audit log.
    connection.pragma('recursive_triggers = ON');
  });
}

/** A connection that cannot write, whatever the statement. The database must be in WAL mode already. */
export function openForReading(options: ConnectionOptions): Connection {
  const connection = new Database(options.file, {
    readonly: true,
    fileMustExist: true,
    timeout: options.busyTimeoutMs,
  });
  return secured(connection, () => {
    connection.pragma('query_only = ON');
    connection.pragma(`cache_size = -${options.cacheKib}`);
  });
}

function secured(connection: Connection, configure: () => void): Connection {
  try {
    configure();
    connection.pragma('synchronous = FULL');
    connection.pragma('fullfsync = ON');
    connection.pragma('foreign_keys = ON');
    // Functions and virtual tables named by a tampered schema are not run.
    connection.pragma('trusted_schema = OFF');
    assertPragmas(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Throws StartError `durabilityNotMet` unless every required PRAGMA is in force. */
export function assertPragmas(connection: Connection): void {
  for (const [name, wanted] of Object.entries(required)) {
    const found = connection.pragma(name, { simple: true });
    if (found === wanted) continue;
    throw new StartError(
      'durabilityNotMet',
      `SQLite answers ${name} = ${String(found)} where ${wanted} is needed for ${connection.name}. ` +
        'Keep the home on a local disk whose file system supports shared memory and fsync.',
    );
  }
}
