import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendBeside } from '../../../../src/adapters/inventory-sqlite/copies/append-beside.ts';
import { copyDatabase, readCopy } from '../../../../src/adapters/inventory-sqlite/copies/copy-database.ts';
import { verifyCopy } from '../../../../src/adapters/inventory-sqlite/copies/verify-copy.ts';
import type { Inventory } from '../../../../src/ports/inventory.ts';
import { auditEntry, frozenNow, recordCertificate } from '../../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../../support/inventory-stores.ts';
import { migrationsDirectory } from '../../../support/new-database.ts';
import { itWithMount } from '../../../support/small-disk.ts';
import { tries } from '../../../support/tries.ts';

let store: SqliteStore;
let inventory: Inventory;
let copy: string;
beforeEach(async () => {
  store = await migratedStore();
  inventory = await store.open();
  copy = join(store.folder, 'copy.db');
});
afterEach(() => store.remove());

const silent = (): void => {};
const edit = (sql: string): void => {
  const connection = new Database(copy);
  for (const name of ['keep_their_text', 'stay']) connection.exec(`DROP TRIGGER audit_events_${name}`);
  connection.exec(sql);
  connection.close();
};
const verdict = async (expected = { audit: readCopy(copy).audit, migrationsDirectory }): Promise<string> => {
  try {
    await verifyCopy(copy, expected, silent);
    return 'sound';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a copy of the database', () => {
  it('is of one moment and ends, however fast the service commits meanwhile', async () => {
    for (let event = 0; event < 2000; event++) void inventory.appendAudit(auditEntry());
    await inventory.appendAudit(auditEntry());
    let writing = true;
    const load = (async () => {
      while (writing) await inventory.appendAudit(auditEntry());
    })();
    let steps = 0;
    await copyDatabase(store.file, copy, () => {
      steps += 1;
    });
    writing = false;
    await load;
    const facts = readCopy(copy);
    expect(steps).toBeGreaterThan(0);
    expect(facts.audit.seq).toBeGreaterThanOrEqual(2001);
    expect(facts.audit.seq).toBeLessThanOrEqual((await inventory.counts()).auditEvents);
    expect(await verdict()).toBe('sound');
    expect(existsSync(`${copy}-wal`)).toBe(false);
  });

  it('of a database that nobody has open is the same', async () => {
    const { serial } = await recordCertificate(inventory);
    await inventory.close();
    await copyDatabase(store.file, copy, silent);
    const again = await store.open({ file: copy });
    expect(await again.certificate(serial)).toBeDefined();
  });

  it('ends when its progress is told to stop, and leaves the database free', async () => {
    const interrupt = (): never => {
      throw new Error('interrupted');
    };
    await expect(copyDatabase(store.file, copy, interrupt)).rejects.toThrow('interrupted');
    await inventory.appendAudit(auditEntry());
  });
});

itWithMount('a copy on a full disk is told as that of the backup, not as the database', async () => {
  const disk = join(store.folder, 'stick');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  try {
    await expect(copyDatabase(store.file, join(disk, 'copy.db'), silent)).rejects.toMatchObject({
      ...{ code: 'backupUnwritable', message: expect.stringContaining('the disk of the backup is full') },
    });
  } finally {
    execFileSync('umount', [disk]);
  }
});

describe('a copy that is judged', () => {
  beforeEach(async () => {
    await Promise.all(Array.from({ length: 40 }, (_, at) => inventory.appendAudit(auditEntry({ at: frozenNow + at }))));
    await copyDatabase(store.file, copy, silent);
  });

  it('is sound as it was copied', async () => {
    expect(await verdict()).toBe('sound');
  });

  it.each([
    [
      'edited',
      (seq: number) => `UPDATE audit_events SET canonical = replace(canonical, 'service', 'nobody') WHERE seq = ${seq}`,
    ],
    ['removed', (seq: number) => `DELETE FROM audit_events WHERE seq = ${seq}`],
    ['unlinked', (seq: number) => `UPDATE audit_events SET previous_hash = zeroblob(32) WHERE seq = ${seq + 1}`],
    ['rehashed', (seq: number) => `UPDATE audit_events SET hash = randomblob(32) WHERE seq = ${seq}`],
  ])('is refused when any event was %s', async (_what, sql) => {
    const whole = readFileSync(copy);
    const { audit } = readCopy(copy);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 39 }), async (seq) => {
        writeFileSync(copy, whole);
        edit(sql(seq));
        expect(await verdict({ audit, migrationsDirectory })).toBe('databaseDamaged');
      }),
      { numRuns: tries(15) },
    );
  });

  it('is refused when its log ends elsewhere than the manifest says', async () => {
    const { audit } = readCopy(copy);
    edit('DELETE FROM audit_events WHERE seq = 40');
    expect(await verdict({ audit, migrationsDirectory })).toBe('databaseDamaged');
  });

  it('is refused when its pages do not fit together, or are none', async () => {
    const { audit } = readCopy(copy);
    const whole = readFileSync(copy);
    writeFileSync(copy, Buffer.from(whole).fill(0x5a, 8192, 20_000));
    expect(await verdict({ audit, migrationsDirectory })).toBe('databaseDamaged');
    writeFileSync(copy, 'no database at all, but long enough to be taken for one'.repeat(50));
    expect(await verdict({ audit, migrationsDirectory })).toBe('databaseDamaged');
  });

  it('is refused when a newer program wrote it', async () => {
    edit("INSERT INTO schema_migrations (name, sha256, applied_at) VALUES ('9999_later.sql', '', 0)");
    expect(await verdict()).toBe('schemaTooNew');
  });
});

describe('an event appended beside the service', () => {
  it('follows what the service appended, and is followed by it', async () => {
    await inventory.appendAudit(auditEntry());
    expect(appendBeside(store.file, auditEntry({ kind: 'service.backedUp' }), migrationsDirectory)).toBeNull();
    await inventory.appendAudit(auditEntry());
    await copyDatabase(store.file, copy, silent);
    expect(readCopy(copy).audit.seq).toBe(3);
    expect(await verdict()).toBe('sound');
  });

  it('is left out where the schema is another version’s', () => {
    const connection = new Database(store.file);
    connection.exec("INSERT INTO schema_migrations (name, sha256, applied_at) VALUES ('9999_later.sql', '', 0)");
    connection.close();
    expect(appendBeside(store.file, auditEntry(), migrationsDirectory)).toContain('another version');
  });
});
