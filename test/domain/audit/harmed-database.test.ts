/** Every change that somebody who can write the database could make to the log, at random places: what verifying it finds. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LogVerdict } from '../../../src/domain/audit/verify-log.ts';
import { auditChainHash } from '../../../src/domain/records/audit-event.ts';
import { harmedCopy, makeSignedLog, type SignedLog, verifyFile } from '../../support/audit-log.ts';
import { suiteFolder } from '../../support/suite-folder.ts';
import { tries } from '../../support/tries.ts';

const folder = suiteFolder();
let log: SignedLog;
let events: readonly Row[];
beforeAll(async () => {
  log = await makeSignedLog(folder('data'));
  harmedCopy(log, (database) => {
    events = rows(database);
  });
});

interface Row {
  readonly seq: number;
  readonly canonical: string;
  readonly previousHash: string;
  readonly hash: string;
}

const rows = (database: Database): Row[] =>
  database
    .prepare<[], Row>(
      'SELECT seq, canonical, lower(hex(previous_hash)) AS previousHash, lower(hex(hash)) AS hash FROM audit_events ORDER BY seq',
    )
    .all();

const octets = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Replaces the whole log. */
function write(database: Database, changed: readonly Row[]): void {
  database.exec('DELETE FROM audit_events');
  const insert = database.prepare('INSERT INTO audit_events (seq, canonical, previous_hash, hash) VALUES (?, ?, ?, ?)');
  for (const { seq, canonical, previousHash, hash } of changed) {
    insert.run(seq, canonical, octets(previousHash), octets(hash));
  }
}

const renumbered = (canonical: string, seq: number): string => canonical.replace(/^\{"seq":\d+/, `{"seq":${seq}`);

/** Numbers, texts and hashes made anew from `first` on: what takes no key. */
function rechained(changed: readonly Row[], first: number): Row[] {
  const result = changed.slice(0, first - 1);
  for (const { canonical: text } of changed.slice(first - 1)) {
    const seq = result.length + 1;
    const previousHash = result.at(-1)?.hash ?? '0'.repeat(64);
    const canonical = renumbered(text, seq);
    result.push({ seq, canonical, previousHash, hash: auditChainHash(previousHash, canonical) });
  }
  return result;
}

async function verdictOf(harm: (database: Database) => void, kept = false): Promise<LogVerdict> {
  const file = harmedCopy(log, harm);
  const verdict = await verifyFile(log, file, { kept });
  rmSync(file);
  return verdict;
}

/** An event that is not the last one. */
const anyEvent = () => fc.integer({ min: 1, max: log.events - 1 });
const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>): Promise<void> =>
  fc.assert(fc.asyncProperty(arbitrary, property), { numRuns: tries(40) });
const forgery = (canonical: string): string => canonical.replace(/"actor":"[^"]*"/, '"actor":"operator:mallory"');

describe('verifying a database', () => {
  it('finds nothing wrong with the log as it was written', async () => {
    const verdict = await verdictOf(() => {}, true);
    expect(verdict).toMatchObject({ events: log.events, checkpoints: log.checkpoints.length, signedSeq: log.events });
    expect(verdict.fault).toBeUndefined();
  });

  it('names an event of which any octet of text, hash or previous hash was changed, past SQLite and its triggers', async () => {
    const whole = readFileSync(log.file);
    await check(fc.tuple(anyEvent(), fc.nat(), fc.integer({ min: 1, max: 255 })), async ([seq, place, change]) => {
      const event = events[seq - 1]!;
      const parts = [Buffer.from(event.canonical), octets(event.previousHash), octets(event.hash)] as const;
      const stored = Buffer.concat(parts);
      const bytes = Buffer.from(whole);
      // SQLite keeps the columns of a row one after the other, and now and then a copy where a row once was.
      for (let at = bytes.indexOf(stored); at >= 0; at = bytes.indexOf(stored))
        bytes[at + (place % stored.length)]! ^= change;
      const file = folder('octet.db');
      writeFileSync(file, bytes);
      const { fault } = await verifyFile(log, file);
      expect(fault).toMatchObject({ code: 'changed', seq });
    });
  });

  it('finds an event that was changed together with its hash, by the event after it', async () => {
    await check(anyEvent(), async (seq) => {
      const { fault } = await verdictOf((database) => {
        const all = rows(database);
        const { previousHash, canonical } = all[seq - 1]!;
        const text = forgery(canonical);
        all[seq - 1] = { seq, previousHash, canonical: text, hash: auditChainHash(previousHash, text) };
        write(database, all);
      });
      // A checkpoint of the very event speaks first.
      const signed = log.checkpoints.includes(seq);
      expect(fault?.code).toBe(signed ? 'rewritten' : 'unlinked');
      if (!signed) expect(fault?.seq).toBe(seq + 1);
    });
  });

  it('finds an event that was changed with every hash after it, by the next checkpoint', async () => {
    await check(anyEvent(), async (seq) => {
      const { fault } = await verdictOf((database) => {
        const all = rows(database);
        all[seq - 1] = { ...all[seq - 1]!, canonical: forgery(all[seq - 1]!.canonical) };
        write(database, rechained(all, seq));
      });
      if (seq === 1) expect(fault).toMatchObject({ code: 'anotherLog', seq: 1 });
      else {
        const before = log.checkpoints.filter((signed) => signed < seq).at(-1) ?? 0;
        expect(fault).toMatchObject({ code: 'rewritten', seq: before + 1 });
      }
    });
  });

  it('names the first of the events that were deleted, and of those moved up into their place', async () => {
    await check(fc.tuple(anyEvent(), fc.integer({ min: 1, max: 5 }), fc.boolean()), async ([seq, count, movedUp]) => {
      const last = Math.min(seq + count, log.events) - 1;
      const { fault } = await verdictOf((database) => {
        const left = rows(database).filter((row) => row.seq < seq || row.seq > last);
        write(database, movedUp ? left.map((row, index) => ({ ...row, seq: index + 1 })) : left);
      });
      expect(fault).toMatchObject({ code: movedUp ? 'renumbered' : 'missing', seq });
    });
  });

  it('finds events that were deleted with every number and hash after them, by the next checkpoint', async () => {
    await check(anyEvent(), async (seq) => {
      const { fault } = await verdictOf((database) => {
        write(
          database,
          rechained(
            rows(database).filter((row) => row.seq !== seq),
            seq,
          ),
        );
      });
      expect(['rewritten', 'anotherLog', 'truncated']).toContain(fault?.code);
    });
  });

  it('finds an event that was inserted, with what comes after it moved or made anew', async () => {
    await check(fc.tuple(anyEvent(), fc.boolean()), async ([seq, madeAnew]) => {
      const { fault } = await verdictOf((database) => {
        const all = rows(database);
        const { previousHash, canonical } = all[seq - 1]!;
        const text = forgery(canonical);
        const inserted = { seq, previousHash, canonical: text, hash: auditChainHash(previousHash, text) };
        const moved = all.slice(seq - 1).map((row) => ({ ...row, seq: row.seq + 1 }));
        const changed = [...all.slice(0, seq - 1), inserted, ...moved];
        write(database, madeAnew ? rechained(changed, seq) : changed);
      });
      const bySignature = madeAnew || log.checkpoints.includes(seq) || seq === 1;
      if (bySignature) expect(['rewritten', 'anotherLog', 'renumbered']).toContain(fault?.code);
      else expect(fault).toMatchObject({ code: 'renumbered', seq: seq + 1 });
    });
  });

  it('names the first of two events that changed places', async () => {
    await check(
      fc.uniqueArray(fc.integer({ min: 1, max: log.events }), { minLength: 2, maxLength: 2 }),
      async (pair) => {
        const [first, second] = [...pair].sort((a, b) => a - b) as [number, number];
        const { fault } = await verdictOf((database) => {
          const all = rows(database);
          const swapped = all.map((row) =>
            row.seq === first
              ? { ...all[second - 1]!, seq: first }
              : row.seq === second
                ? { ...all[first - 1]!, seq: second }
                : row,
          );
          write(database, swapped);
        });
        expect(fault).toMatchObject({ code: 'renumbered', seq: first });
      },
    );
  });

  it('finds a log that was cut off, even with its checkpoints, against the one that was kept', async () => {
    await check(fc.tuple(anyEvent(), fc.boolean()), async ([seq, withCheckpoints]) => {
      const cut = (database: Database): void => {
        database.prepare('DELETE FROM audit_events WHERE seq > ?').run(seq);
        if (withCheckpoints) database.prepare('DELETE FROM audit_checkpoints WHERE seq > ?').run(seq);
      };
      expect((await verdictOf(cut, true)).fault).toMatchObject({ code: 'truncated', seq: seq + 1 });
      const own = (await verdictOf(cut)).fault?.code;
      const left = log.checkpoints.some((signed) => signed <= seq);
      expect(own).toBe(withCheckpoints ? (left ? undefined : 'unsigned') : 'truncated');
    });
  });

  it('finds a log that was cut off and went on otherwise, against the one that was kept', async () => {
    await check(anyEvent(), async (seq) => {
      const { fault } = await verdictOf((database) => {
        const all = rows(database);
        const other = all.map((row) => (row.seq > seq ? { ...row, canonical: forgery(row.canonical) } : row));
        write(database, rechained(other, seq + 1));
        database.prepare('DELETE FROM audit_checkpoints WHERE seq > ?').run(seq);
      }, true);
      expect(fault).toMatchObject({
        code: 'rewritten',
        seq: (log.checkpoints.filter((signed) => signed <= seq).at(-1) ?? 0) + 1,
      });
    });
  });

  it('finds a checkpoint that was changed in any octet', async () => {
    await check(
      fc.tuple(fc.nat({ max: 3 }), fc.nat(), fc.integer({ min: 1, max: 127 })),
      async ([index, place, change]) => {
        const seq = log.checkpoints[index]!;
        const { fault } = await verdictOf((database) => {
          const note = Buffer.from(
            database.prepare<[number], string>('SELECT note FROM audit_checkpoints WHERE seq = ?').pluck().get(seq)!,
          );
          note[place % note.length] = note[place % note.length]! ^ change;
          database.prepare('UPDATE audit_checkpoints SET note = ? WHERE seq = ?').run(note.toString(), seq);
        });
        expect(['checkpointForged', 'rewritten', 'anotherLog']).toContain(fault?.code);
      },
    );
  });

  it('says that nothing vouches for a log without any checkpoint', async () => {
    expect((await verdictOf((database) => void database.exec('DELETE FROM audit_checkpoints'))).fault?.code).toBe(
      'unsigned',
    );
    expect((await verdictOf((database) => void database.exec('DROP TABLE audit_checkpoints'))).fault?.code).toBe(
      'unsigned',
    );
  });
});
