import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, startErrorOf } from '../../../src/adapters/inventory-sqlite/database-error.ts';
import { expectWholeChain } from '../../contracts/inventory/audit.ts';
import { auditEntry, issuanceIntent } from '../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../support/inventory-stores.ts';
import { itWith, pathOf } from '../../support/judges.ts';
import { serialsOf, startWriting, writingProgram } from './writing-child.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = await migratedStore();
});
afterEach(() => store.remove());

const unavailable = { code: 'inventoryUnavailable', retryAfterSeconds: expect.any(Number) };

describe('a database that another program has locked', () => {
  it('refuses writes within its time, still reads, and writes again once the lock is gone', async () => {
    const inventory = await store.open({ busyTimeoutMs: 50 });
    const intent = issuanceIntent();
    await inventory.recordIntent(intent);
    const other = new Database(store.file);
    other.exec('BEGIN IMMEDIATE');
    await expect(inventory.check()).rejects.toMatchObject(unavailable);
    await expect(inventory.appendAudit(auditEntry())).rejects.toMatchObject(unavailable);
    expect(await inventory.certificate(intent.certificate.serial)).toBeDefined();
    other.exec('ROLLBACK');
    await inventory.check();
    await inventory.appendAudit(auditEntry());
    other.close();
    expectWholeChain(await inventory.auditEvents(0, 10));
  });

  it('goes on with the audit chain where another program left it', async () => {
    const inventory = await store.open();
    await inventory.appendAudit(auditEntry());
    const second = await store.open();
    await second.appendAudit(auditEntry());
    await inventory.appendAudit(auditEntry());
    const events = await inventory.auditEvents(0, 10);
    expect(events).toHaveLength(3);
    expectWholeChain(events);
  });
});

describe('a disk that is full', () => {
  itWith('prlimit', 'refuses, loses nothing, and is written again when there is room', async () => {
    // A soft limit on the size of files, which prlimit lifts from outside: 1 MiB, in blocks of 512 octets.
    const limited = ['/bin/sh', '-c', `ulimit -S -f 2048; exec "$0" "$@"`, process.execPath];
    const writing = startWriting([store.file, '4'], { command: limited });
    const refused = await writing.hear((line) => line.startsWith('refused'));
    expect(refused).toMatch(/^refused inventoryUnavailable \d+$/);
    await writing.hear((line) => line.startsWith('refused'));
    execFileSync(pathOf('prlimit'), ['--pid', String(writing.child.pid), '--fsize=unlimited:unlimited']);
    for (let more = 0; more < 20; more++) await writing.hear((line) => line.startsWith('issued'));
    await writing.kill();
    const inventory = await store.open();
    for (const serial of serialsOf(writing.lines, 'ack')) expect(await inventory.certificate(serial)).toBeDefined();
    expectWholeChain(await inventory.auditEvents(0, 100_000));
  });
});

describe('a database that cannot be written', () => {
  // Modes do not bind root, so it asks as a user that owns nothing.
  const asRoot = process.getuid?.() === 0;
  const as = asRoot ? { uid: 65534, gid: 65534 } : {};
  const canRead = spawnSync('test', ['-r', writingProgram, '-a', '-x', process.execPath], as).status === 0;

  const reader = canRead ? { path: writingProgram } : { missing: 'this checkout can be read by its owner alone' };

  itWith(reader, 'stops the start', async () => {
    await (await store.open()).close();
    chmodSync(store.file, 0o444);
    chmodSync(store.folder, 0o555);
    const writing = startWriting([store.file], { as });
    expect(await writing.hear(() => true)).toBe('unopened homeUnwritable');
    chmodSync(store.folder, 0o700);
  });

  it('is unavailable at run time, and unwritable at the start, whatever SQLite calls it', () => {
    for (const code of [
      'SQLITE_READONLY',
      'SQLITE_READONLY_DBMOVED',
      'SQLITE_FULL',
      'SQLITE_IOERR_FSYNC',
      'SQLITE_PERM',
    ]) {
      const error = new Database.SqliteError('no', code);
      expect(failureOf(error)).toMatchObject(unavailable);
      expect(startErrorOf(error, store.file)).toMatchObject({ code: 'homeUnwritable' });
    }
  });

  it('cannot be made in a folder that does not exist', async () => {
    const file = join(store.folder, 'none', 'privyseal.db');
    await expect(store.open({ file })).rejects.toMatchObject({ name: 'StartError', code: 'homeUnwritable' });
  });
});
