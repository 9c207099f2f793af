/** An empty inventory's database, migrated once in each process: a test that needs one takes a copy. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openForWriting } from '../../src/adapters/inventory-sqlite/connection.ts';
import { migrate, readMigrations } from '../../src/adapters/inventory-sqlite/migrate.ts';

export const migrationsDirectory = resolve(import.meta.dirname, '../../migrations/sqlite');

let migrated: Buffer | undefined;

/** As the first open would leave it; throws where there is a file. Migrations that begin with nothing have tests of their own. */
export function newDatabase(file: string): void {
  migrated ??= migratedDatabase();
  writeFileSync(file, migrated, { mode: 0o600, flag: 'wx' });
}

function migratedDatabase(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-migrated-'));
  try {
    const file = join(folder, 'privyseal.db');
    closeSync(openSync(file, 'wx'));
    const connection = openForWriting({ file, busyTimeoutMs: 2000, cacheKib: 4000 });
    migrate(connection, readMigrations(migrationsDirectory));
    // The last one to close copies the log into the database.
    connection.close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
