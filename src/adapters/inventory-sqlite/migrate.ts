/** Brings the schema forward: numbered SQL files, each applied once, in one transaction, and remembered with its hash. */
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../../domain/errors.ts';
import type { Connection } from './connection.ts';

export interface Migration {
  /** `0001_inventory.sql`; numbers count from 1 without gaps. */
  readonly name: string;
  readonly sha256: string;
  readonly sql: string;
}

/** The migrations this program knows, in order. */
export function readMigrations(directory: string): Migration[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    if (!name.startsWith(`${String(index + 1).padStart(4, '0')}_`)) {
      throw new Error(`${name} in ${directory} is not migration number ${index + 1}`);
    }
    const sql = readFileSync(join(directory, name), 'utf8');
    return { name, sha256: hash('sha256', sql), sql };
  });
}

/** Applies what is missing. StartError `schemaTooNew` or `databaseDamaged` when the database is not one of ours. */
export function migrate(connection: Connection, migrations: readonly Migration[]): void {
  const applied = appliedMigrations(connection);
  for (const [index, { name, sha256 }] of applied.entries()) {
    const known = migrations[index];
    if (!known) throw tooNew(connection, name);
    if (known.name !== name || known.sha256 !== sha256) throw changed(connection, name);
  }
  for (const migration of migrations.slice(applied.length)) apply(connection, migration);
}

function appliedMigrations(connection: Connection): readonly Pick<Migration, 'name' | 'sha256'>[] {
  const tables = connection.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  if (tables.length === 0) return [];
  if (!tables.includes('schema_migrations')) throw foreign(connection);
  return connection
    .prepare<[], Pick<Migration, 'name' | 'sha256'>>('SELECT name, sha256 FROM schema_migrations ORDER BY number')
    .all();
}

/** The record is made with the change: a crash leaves both or neither. */
function apply(connection: Connection, { name, sha256, sql }: Migration): void {
  const act = connection.transaction(() => {
    connection.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
      number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL
    ) STRICT`);
    connection.exec(sql);
    connection
      .prepare('INSERT INTO schema_migrations (name, sha256, applied_at) VALUES (?, ?, unixepoch() * 1000)')
      .run(name, sha256);
  });
  // Some constraints can only be changed in the text of the schema, which SQLite protects from everybody else.
  connection.unsafeMode(true);
  try {
    act.immediate();
  } finally {
    connection.unsafeMode(false);
  }
}

const tooNew = ({ name }: Connection, migration: string): StartError =>
  new StartError(
    'schemaTooNew',
    `${name} was written by a newer version of this program (its schema has ${migration}). Start that version instead.`,
  );

const changed = ({ name }: Connection, migration: string): StartError =>
  new StartError(
    'databaseDamaged',
    `${name} was made with another ${migration} than this program has. Start the program that made it, or restore a backup.`,
  );

const foreign = ({ name }: Connection): StartError =>
  new StartError(
    'databaseDamaged',
    `${name} is a database, but not an inventory of this program. Name another home, or move the file away.`,
  );
