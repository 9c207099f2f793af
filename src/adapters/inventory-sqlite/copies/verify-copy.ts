/** Judges a database that came from elsewhere before anything is done with it: its pages, its schema, its audit chain. */
import Database from 'better-sqlite3';
import type { AuditHead } from '../../../domain/backup/manifest.ts';
import type { OnProgress } from '../../../domain/backup/report.ts';
import { StartError } from '../../../domain/errors.ts';
import { auditChainHash, auditGenesisHash } from '../../../domain/records/audit-event.ts';
import type { Connection } from '../connection.ts';
import { startErrorOf } from '../database-error.ts';
import { readMigrations } from '../migrate.ts';

/** What must be true of the copy. */
export interface Expected {
  readonly migrationsDirectory: string;
  readonly audit: AuditHead;
}

/** StartError `schemaTooNew` or `databaseDamaged`, which names the first thing that is wrong. Nothing is written. */
export async function verifyCopy(file: string, expected: Expected, onProgress: OnProgress): Promise<void> {
  try {
    const connection = new Database(file, { readonly: true, fileMustExist: true });
    try {
      connection.pragma('trusted_schema = OFF');
      refuseNewerSchema(connection, expected.migrationsDirectory);
      onProgress({ what: 'Checking every page of the database', done: 0, total: 1 });
      const found = connection.pragma('integrity_check(1)', { simple: true });
      if (found !== 'ok') throw damaged(`its pages do not fit together (${String(found).slice(0, 200)})`);
      await verifyChain(connection, expected.audit, onProgress);
    } finally {
      connection.close();
    }
  } catch (error) {
    throw startErrorOf(error, 'The database of the backup');
  }
}

/** Whether this program knows every migration of such a database; its texts are compared when it is opened. */
export const knowsSchema = (schema: string, migrationsDirectory: string): boolean =>
  readMigrations(migrationsDirectory).some(({ name }) => name === schema);

function refuseNewerSchema(connection: Connection, migrationsDirectory: string): void {
  const applied = connection.prepare<[], string>('SELECT name FROM schema_migrations ORDER BY number').pluck().all();
  const newest = applied.at(-1) ?? '';
  if (knowsSchema(newest, migrationsDirectory)) return;
  throw new StartError(
    'schemaTooNew',
    `The database of the backup was written by a newer version of this program (its schema has ${newest}). Restore it with that version.`,
  );
}

type EventRow = readonly [seq: number, canonical: string, previousHash: string, hash: string];

const eventsPerTurn = 2_000;

/** From the first event to the head that the manifest names: numbers without gaps, hashes that follow. */
async function verifyChain(connection: Connection, head: AuditHead, onProgress: OnProgress): Promise<void> {
  const page = connection
    .prepare<[number, number], EventRow>(
      `SELECT seq, canonical, lower(hex(previous_hash)), lower(hex(hash)) FROM audit_events
       WHERE seq > ? ORDER BY seq LIMIT ?`,
    )
    .raw();
  let last: AuditHead = { seq: 0, hash: auditGenesisHash };
  for (;;) {
    const rows = page.all(last.seq, eventsPerTurn);
    for (const row of rows) last = follow(last, row);
    onProgress({ what: 'Checking the audit chain', done: last.seq, total: head.seq });
    if (rows.length < eventsPerTurn) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (last.seq !== head.seq || last.hash !== head.hash) {
    throw damaged(`its audit log ends at event ${last.seq}, not at event ${head.seq} as the manifest says`);
  }
}

function follow(last: AuditHead, [seq, canonical, previousHash, hash]: EventRow): AuditHead {
  const fits = seq === last.seq + 1 && previousHash === last.hash && hash === auditChainHash(last.hash, canonical);
  if (!fits) throw damaged(`audit event ${seq} does not follow event ${last.seq}: the log was edited`);
  return { seq, hash };
}

const damaged = (how: string): StartError =>
  new StartError('databaseDamaged', `The database of the backup cannot be used: ${how}. Use another backup.`);
