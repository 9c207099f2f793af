import { statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  assertPragmas,
  type Connection,
  openForReading,
  openForWriting,
} from '../../../src/adapters/inventory-sqlite/connection.ts';
import { auditEntry } from '../../support/inventory-builders.ts';
import { type SqliteStore, sqliteStore } from '../../support/inventory-stores.ts';

let store: SqliteStore;
const opened: Connection[] = [];
beforeEach(async () => {
  store = await sqliteStore();
  const inventory = await store.open();
  await inventory.appendAudit(auditEntry());
});
afterEach(async () => {
  for (const connection of opened.splice(0)) connection.close();
  await store.remove();
});

const keep = (connection: Connection): Connection => {
  opened.push(connection);
  return connection;
};
const options = () => ({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
const pragma = (connection: Connection, name: string): unknown => connection.pragma(name, { simple: true });

describe('a connection', () => {
  it('has every required PRAGMA on each open, the second no less than the first', () => {
    for (const open of [openForWriting, openForWriting, openForReading, openForReading]) {
      const connection = keep(open(options()));
      expect(pragma(connection, 'journal_mode')).toBe('wal');
      expect(pragma(connection, 'synchronous')).toBe(2);
      expect(pragma(connection, 'foreign_keys')).toBe(1);
      expect(pragma(connection, 'trusted_schema')).toBe(0);
    }
  });

  it('is refused when a PRAGMA is not in force', () => {
    // What a later open has by itself: the reason why each one is asked.
    const naive = keep(new Database(store.file));
    expect(pragma(naive, 'synchronous')).toBe(1);
    expect(() => assertPragmas(naive)).toThrow(expect.objectContaining({ code: 'durabilityNotMet' }));
    const secured = keep(openForWriting(options()));
    for (const [loosened, restored] of [
      ['synchronous = NORMAL', 'synchronous = FULL'],
      ['foreign_keys = OFF', 'foreign_keys = ON'],
      ['trusted_schema = ON', 'trusted_schema = OFF'],
    ] as const) {
      secured.pragma(loosened);
      expect(() => assertPragmas(secured)).toThrow(expect.objectContaining({ code: 'durabilityNotMet' }));
      secured.pragma(restored);
    }
    expect(() => assertPragmas(secured)).not.toThrow();
  });

  it('cannot write when it is for reading', () => {
    const reading = keep(openForReading(options()));
    expect(() => reading.exec('DELETE FROM settings')).toThrow(expect.objectContaining({ code: 'SQLITE_READONLY' }));
  });

  it('belongs to a database and logs that only their owner can read', () => {
    for (const suffix of ['', '-wal', '-shm']) expect(statSync(store.file + suffix).mode & 0o777).toBe(0o600);
  });
});

describe('the audit log in the database', () => {
  it('cannot be changed, shortened or overwritten by a statement, and has each number once', () => {
    const connection = keep(openForWriting(options()));
    const [row, into] = [
      "VALUES (1, '{}', zeroblob(32), zeroblob(32))",
      'audit_events (seq, canonical, previous_hash, hash)',
    ];
    for (const [sql, code] of [
      ["UPDATE audit_events SET canonical = '{}'", 'SQLITE_CONSTRAINT_TRIGGER'],
      ['DELETE FROM audit_events', 'SQLITE_CONSTRAINT_TRIGGER'],
      [`INSERT OR REPLACE INTO ${into} ${row}`, 'SQLITE_CONSTRAINT_TRIGGER'],
      [`INSERT INTO ${into} ${row}`, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
    ] as const) {
      expect(() => connection.exec(sql)).toThrow(expect.objectContaining({ code }));
    }
    expect(connection.prepare('SELECT count(*) FROM audit_events').pluck().get()).toBe(1);
  });
});
