import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForWriting } from '../../../src/adapters/inventory-sqlite/connection.ts';
import { migrate, readMigrations } from '../../../src/adapters/inventory-sqlite/migrate.ts';
import { canonicalAuditEvent } from '../../../src/domain/records/audit-event.ts';
import { auditEntry, frozenNowSeconds, recordCertificate } from '../../support/inventory-builders.ts';
import { type SqliteStore, sqliteStore } from '../../support/inventory-stores.ts';
import { migrationsDirectory } from '../../support/new-database.ts';

let store: SqliteStore;
let directory: string;
beforeEach(async () => {
  store = await sqliteStore();
  directory = join(store.folder, 'migrations');
  mkdirSync(directory);
  for (const name of readdirSync(migrationsDirectory))
    copyFileSync(join(migrationsDirectory, name), join(directory, name));
});
afterEach(() => store.remove());

const open = () => store.open({ migrationsDirectory: directory });
const refusedAs = (code: string) => expect(open()).rejects.toMatchObject({ name: 'StartError', code });
const edit = (sql: string): void => {
  const connection = new Database(store.file);
  connection.exec(sql);
  connection.close();
};
const next = (): string => `${String(readdirSync(migrationsDirectory).length + 1).padStart(4, '0')}_next.sql`;

describe('the schema', () => {
  it('goes forward by what is missing, and keeps what is there', async () => {
    const before = await open();
    await before.setSetting('name', 'kept');
    await before.close();
    writeFileSync(join(directory, next()), 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;');
    for (let start = 0; start < 2; start++) {
      const inventory = await open();
      expect(await inventory.setting('name')).toBe('kept');
      await inventory.close();
    }
    edit('INSERT INTO later (id) VALUES (1)');
  });

  it('finds events by time that were written before they could be found so', async () => {
    for (const name of readdirSync(directory)) if (name >= '0005') rmSync(join(directory, name));
    // The writer of today needs the tables of today: events of an earlier version are made by hand.
    writeFileSync(store.file, '');
    const database = new Database(store.file);
    migrate(database, readMigrations(directory));
    const insert = database.prepare('INSERT INTO audit_events VALUES (?, ?, ?, ?)');
    for (const [index, at] of [1000, 5000, 2000, 6000].entries()) {
      const entry = { at, kind: 'crl.published', actor: 'service', object: 'x' } as const;
      insert.run(index + 1, canonicalAuditEvent(index + 1, entry), Buffer.alloc(32), Buffer.alloc(32));
    }
    database.close();
    directory = migrationsDirectory;
    const inventory = await open();
    const found = await inventory.searchAuditEvents({ sort: 'seq', limit: 10, atAfter: 1500, atBefore: 2500 });
    expect(found.map(({ seq }) => seq)).toEqual([3]);
  });

  it('counts by day what was there before as it would have been counted as it came', async () => {
    const inventory = await open();
    const short = { notAfter: frozenNowSeconds + 1 };
    const [followed, revoked] = [await recordCertificate(inventory), await recordCertificate(inventory)];
    await recordCertificate(inventory, { predecessor: followed.serial });
    await recordCertificate(inventory, { ...short, owner: 'dev/other' });
    await inventory.revokeCertificate({
      serial: revoked.serial,
      revocation: { at: frozenNowSeconds, reason: 'certificateHold' },
      audit: auditEntry(),
    });
    await inventory.catchUp(short.notAfter + 1);
    await recordCertificate(inventory, { ...short, purpose: 'server' });
    await inventory.close();
    const database = new Database(store.file);
    const counts = () =>
      ['expiry_counts', 'product_expiries'].map((table) => database.prepare(`SELECT * FROM ${table}`).all());
    const kept = counts();
    database.exec('DROP TRIGGER certificates_followed; DROP TABLE product_expiries;');
    // The trigger of before that it takes away.
    database.exec('CREATE TRIGGER certificates_counted AFTER INSERT ON certificates BEGIN SELECT 1; END');
    database.exec(readFileSync(join(migrationsDirectory, '0019_expiries_by_day.sql'), 'utf8'));
    expect(counts()).toEqual(kept);
    database.close();
    expect(kept.map(({ length }) => length)).toEqual([3, 1]);
  });

  it('keeps every condition of certificates that it words anew', async () => {
    const inventory = await open();
    await recordCertificate(inventory);
    await inventory.close();
    const database = new Database(store.file);
    for (const [column, allowed] of Object.entries({ state: 'issued', deployment: 'failedBehind' })) {
      const change = database.prepare(`UPDATE certificates SET ${column} = ?`);
      expect(() => change.run('other')).toThrow(expect.objectContaining({ code: 'SQLITE_CONSTRAINT_CHECK' }));
      expect(change.run(allowed).changes).toBe(1);
    }
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    database.close();
  });

  it('lets nobody else change the text of the schema', async () => {
    await (await open()).close();
    const connection = openForWriting({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
    try {
      connection.pragma('writable_schema = ON');
      expect(() => connection.exec("UPDATE sqlite_schema SET sql = '' WHERE name = 'certificates'")).toThrow();
    } finally {
      connection.close();
    }
  });

  it('stays as it was when a migration fails halfway, and heals when the migration is right', async () => {
    await (await open()).close();
    writeFileSync(join(directory, next()), 'CREATE TABLE later (id INTEGER) STRICT; SELECT * FROM nowhere;');
    await expect(open()).rejects.toThrow();
    writeFileSync(join(directory, next()), 'CREATE TABLE later (id INTEGER) STRICT;');
    await (await open()).close();
  });

  it('of a newer program stops the start', async () => {
    writeFileSync(join(directory, next()), 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;');
    await (await open()).close();
    directory = migrationsDirectory;
    await refusedAs('schemaTooNew');
  });

  it('made by another text of a migration stops the start', async () => {
    await (await open()).close();
    const [first = ''] = readdirSync(directory);
    writeFileSync(join(directory, first), `${readFileSync(join(directory, first), 'utf8')}\n-- edited\n`);
    await refusedAs('databaseDamaged');
  });

  it('of another program stops the start', async () => {
    edit('CREATE TABLE theirs (id INTEGER)');
    await refusedAs('databaseDamaged');
  });
});

describe('a file that is no sound database', () => {
  it('stops the start when it is something else', async () => {
    writeFileSync(store.file, 'This is not a database, only text that happens to lie where one should.\n'.repeat(100));
    await refusedAs('databaseDamaged');
  });

  it('stops the start when it was cut off', async () => {
    await (await open()).close();
    truncateSync(store.file, 40_000);
    await refusedAs('databaseDamaged');
  });

  it('stops the start when its first pages were overwritten', async () => {
    await (await open()).close();
    const bytes = readFileSync(store.file);
    writeFileSync(store.file, bytes.fill(0x5a, 100, 12_000));
    await refusedAs('databaseDamaged');
  });

  it('is started afresh when it is empty, as a first start that was cut off leaves it', async () => {
    writeFileSync(store.file, '', { mode: 0o600 });
    await (await open()).check();
  });
});
