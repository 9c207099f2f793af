/** The audit log of a database file, read without the service: a home's, even while it runs, or a backup's. Nothing is written. */
import { open } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { parseCheckpointNote } from '../../../domain/audit/checkpoint.ts';
import type { CheckpointProof } from '../../../domain/audit/checkpoint-trust.ts';
import type { KeptEvent } from '../../../domain/audit/kept-event.ts';
import type { AuditLogContent } from '../../../domain/audit/verify-log.ts';
import { StartError } from '../../../domain/errors.ts';
import { keptColumns } from '../search/audit-search.ts';
import { openUnchanged } from './open-unchanged.ts';

export interface AuditLogFile extends AuditLogContent {
  /** How many events there are, unless they are wrong: for the progress. */
  readonly length: number;
  close(): Promise<void>;
}

/** As PRAGMA application_id of migrations/sqlite/0001_inventory.sql. */
const applicationId = 1_349_940_076;

/** https://sqlite.org/fileformat.html: how every database begins. */
const magic = 'SQLite format 3\0';

/** Decided by its first octets. */
export async function isDatabaseFile(file: string): Promise<boolean> {
  await using handle = await open(file, 'r');
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(magic.length), 0, magic.length, 0);
  return buffer.toString('latin1', 0, bytesRead) === magic;
}

/** One moment of the file, whatever is written meanwhile. StartError `databaseDamaged` when it is not an inventory. */
export function openAuditLogFile(file: string): AuditLogFile {
  try {
    const database = openUnchanged(file);
    try {
      return readLog(database, file);
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw damaged(file, 'cannot be read as a database', error);
  }
}

function readLog(database: DatabaseSync, file: string): AuditLogFile {
  database.exec('PRAGMA trusted_schema = OFF; BEGIN');
  const id = database.prepare('PRAGMA application_id').get() as { application_id: number };
  if (id.application_id !== applicationId) throw damaged(file, 'is not the database of a Privyseal service');
  const newest = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM audit_events').get() as { seq: number };
  return {
    events: readEvents(database),
    checkpoints: readCheckpoints(database),
    length: newest.seq,
    close: async () => database.close(),
  };
}

const eventsPerBatch = 1000;

/** A page fault of the file or a value of another type is an event that cannot be read, not an error of this program. */
function* readEvents(database: DatabaseSync): Generator<readonly (KeptEvent | undefined)[]> {
  const rows = database.prepare(`SELECT ${keptColumns} FROM audit_events ORDER BY seq`).iterate();
  let batch: (KeptEvent | undefined)[] = [];
  for (const row of readable(rows)) {
    batch.push(row && isKept(row) ? row : undefined);
    if (batch.length < eventsPerBatch) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

/** The rows up to the first that SQLite cannot read, which comes as undefined. */
function* readable(rows: Iterable<unknown>): Generator<unknown> {
  try {
    yield* rows;
  } catch {
    yield undefined;
  }
}

function isKept(row: unknown): row is KeptEvent {
  const { seq, canonical } = row as Record<string, unknown>;
  return Number.isSafeInteger(seq) && typeof canonical === 'string';
}

/** None in a database from before there were any. */
function* readCheckpoints(database: DatabaseSync): Generator<CheckpointProof | undefined> {
  const known = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'audit_checkpoints'`).get();
  if (!known) return;
  const certificates = readCertificates(database);
  const rows = database.prepare('SELECT seq, note, key FROM audit_checkpoints ORDER BY seq').iterate();
  for (const row of readable(rows)) yield row ? proofOfRow(row as CheckpointRow, certificates) : undefined;
}

interface CheckpointRow {
  readonly seq: unknown;
  readonly note: unknown;
  readonly key: unknown;
}

function readCertificates(database: DatabaseSync): ReadonlyMap<unknown, Uint8Array> {
  const rows = database.prepare('SELECT id, certificate FROM audit_keys').all() as {
    id: number;
    certificate: unknown;
  }[];
  return new Map(rows.flatMap(({ id, certificate }) => (certificate instanceof Uint8Array ? [[id, certificate]] : [])));
}

function proofOfRow({ seq, note, key }: CheckpointRow, certificates: ReadonlyMap<unknown, Uint8Array>) {
  const parsed = typeof note === 'string' ? parseCheckpointNote(note) : undefined;
  return parsed && parsed.checkpoint.seq === seq ? { ...parsed, certificateDer: certificates.get(key) } : undefined;
}

const damaged = (file: string, why: string, cause?: unknown): StartError =>
  new StartError('databaseDamaged', `${file} ${why}. Name the database of a home, a backup, or an export.`, cause);
