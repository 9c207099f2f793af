/** Copies the database of a running service as of one commit, and tells what a backup's manifest says of the copy. */
import Database from 'better-sqlite3';
import type { AuditHead } from '../../../domain/backup/manifest.ts';
import type { OnProgress } from '../../../domain/backup/report.ts';
import { StartError } from '../../../domain/errors.ts';
import { auditGenesisHash } from '../../../domain/records/audit-event.ts';
import type { CopiedAuthority, CopyFacts } from '../../../ports/backup.ts';
import { type Connection, openForReading } from '../connection.ts';
import { isDiskFull, startErrorOf } from '../database-error.ts';

const pagesPerStep = 500;

/**
 * SQLite's backup API, inside one read transaction: without it each commit of the service would start the copy again
 * (https://sqlite.org/c3ref/backup_finish.html). The log cannot be reset meanwhile and grows; nobody waits.
 */
export async function copyDatabase(file: string, target: string, onProgress: OnProgress): Promise<void> {
  try {
    const source = openForReading({ file, busyTimeoutMs: 5000, cacheKib: 4000 });
    try {
      source.exec('BEGIN');
      source.prepare('SELECT count(*) FROM sqlite_schema').get();
      await source.backup(target, {
        progress({ totalPages, remainingPages }) {
          onProgress({ what: 'Copying the database', done: totalPages - remainingPages, total: totalPages });
          return pagesPerStep;
        },
      });
    } finally {
      source.close();
    }
  } catch (error) {
    // Of what is only read nothing can be full.
    if (isDiskFull(error)) throw noRoom(file, error);
    throw startErrorOf(error, file);
  }
}

const noRoom = (file: string, cause: unknown): StartError =>
  new StartError(
    'backupUnwritable',
    `A copy of ${file} cannot be written: the disk of the backup is full. It needs room for twice the database while it is made.`,
    cause,
  );

const factsOf = (
  name: string,
  table: string,
  { isNeeded, isRetired }: Record<'isNeeded' | 'isRetired', string>,
): string =>
  `SELECT ${name} AS name, a.vault, a.vault_key AS vaultKey, ${isNeeded} AS isKeyNeeded, ${isRetired} AS isRetired, b.der AS certificateDer, l.crl_number AS crlNumber
  FROM ${table} AS a JOIN certificates AS c ON c.serial = a.certificate_serial
  JOIN certificate_bodies AS b ON b.certificate = c.id LEFT JOIN crls AS l ON l.authority = ${name}`;

/** One that is retired or compromised goes on without its key: there it is to be destroyed, or may be lost. */
const phases = { isNeeded: `a.phase <> 'retired' AND NOT a.is_compromised`, isRetired: `a.phase = 'retired'` };

/** Every generation whose key is not destroyed; the copy may be of a schema from before there were several. */
const authoritiesSql = (hasGenerations: boolean): string =>
  hasGenerations
    ? `${factsOf('a.id', 'authority_generations', phases)} WHERE a.key_destroyed_at IS NULL AND a.phase <> 'abandoned' ORDER BY a.id`
    : `${factsOf('a.name', 'authorities', { isNeeded: '1', isRetired: '0' })} ORDER BY a.name`;

const hasTable = (connection: Connection, name: string): boolean =>
  connection.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;

/** The copy may be of a schema from before there were any. */
function newestCheckpoint(connection: Connection): string | null {
  if (!hasTable(connection, 'audit_checkpoints')) return null;
  const newest = connection.prepare<[], string>('SELECT note FROM audit_checkpoints ORDER BY seq DESC LIMIT 1');
  return newest.pluck().get() ?? null;
}

type Flag = 'isKeyNeeded' | 'isRetired';
type CopiedRow = Omit<CopiedAuthority, Flag> & Readonly<Record<Flag, 0 | 1>>;

/** Reads a copy that nobody else has open, and leaves it the one file it was. */
export function readCopy(file: string): CopyFacts {
  const connection = new Database(file, { fileMustExist: true });
  try {
    // A copy is in WAL mode, too, and would get a log beside it: out of it, its file alone is all of it.
    connection.pragma('journal_mode = DELETE');
    const head = connection.prepare<[], AuditHead>(
      'SELECT seq, lower(hex(hash)) AS hash FROM audit_events ORDER BY seq DESC LIMIT 1',
    );
    const schema = connection.prepare<[], string>('SELECT name FROM schema_migrations ORDER BY number DESC LIMIT 1');
    return {
      schema: schema.pluck().get() ?? '',
      audit: head.get() ?? { seq: 0, hash: auditGenesisHash },
      checkpoint: newestCheckpoint(connection),
      authorities: connection
        .prepare<[], CopiedRow>(authoritiesSql(hasTable(connection, 'authority_generations')))
        .all()
        .map((row) => ({ ...row, isKeyNeeded: row.isKeyNeeded === 1, isRetired: row.isRetired === 1 })),
    };
  } catch (error) {
    // Of what is only read nothing can be full.
    if (isDiskFull(error)) throw noRoom(file, error);
    throw startErrorOf(error, file);
  } finally {
    connection.close();
  }
}
