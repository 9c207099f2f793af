import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openForReading } from '#src/adapters/inventory-sqlite/connection.ts';
import { type BatchWriter, openBatchWriter } from '#src/adapters/inventory-sqlite/writer/batch-writer.ts';
import { type Checkpointer, openCheckpointer } from '#src/adapters/inventory-sqlite/writer/checkpointer.ts';
import { auditEntry } from '../../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../../support/inventory-stores.ts';

const copyFromPages = 8000;

let store: SqliteStore;
let writer: BatchWriter;
let checkpointer: Checkpointer;
beforeEach(async () => {
  store = await migratedStore();
  const options = { file: store.file, busyTimeoutMs: 100, cacheKib: 4000 };
  writer = openBatchWriter(options);
  checkpointer = openCheckpointer(options, writer.log);
});
afterEach(async () => {
  await checkpointer.close();
  writer.close();
  await store.remove();
});

let written = 0;
beforeEach(() => {
  written = 0;
});

/** One commit of some 600 pages. */
function commit(): void {
  const acts = Array.from({ length: 200 }, (): ['appendAudit', [ReturnType<typeof auditEntry>]] => [
    'appendAudit',
    [{ ...auditEntry(), details: { text: 'x'.repeat(10_000) } }],
  ]);
  expect(writer.write(acts)).toHaveLength(acts.length);
  written += acts.length;
}

function commitUntilDue(): void {
  while (writer.log.pages() < copyFromPages) commit();
}

/** One commit after the other, with a look after each, until one begins the log anew. */
async function commitUntilAnew(): Promise<void> {
  for (let before = 0; ; before = writer.log.pages()) {
    commit();
    if (writer.log.pages() < before) return;
    checkpointer.look();
    await pause(5);
  }
}

function eventsInDatabaseAlone(): number {
  const connection = openForReading({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
  try {
    expect(connection.pragma('integrity_check', { simple: true })).toBe('ok');
    return connection.prepare<[], number>('SELECT count(*) FROM audit_events').pluck().get()!;
  } finally {
    connection.close();
  }
}

it('leaves a log alone that is not long', () => {
  commit();
  checkpointer.look();
  commit();
  expect(writer.log.pages()).toBeGreaterThan(copyFromPages / 8);
});

it('copies a long log, so that the next commit begins it anew', () => {
  commitUntilDue();
  checkpointer.look();
  commit();
  expect(writer.log.pages()).toBeLessThan(copyFromPages);
});

it('goes on doing so in a crowd, while commits come, and loses none of them', async () => {
  for (let time = 0; time < 4; time += 1) await commitUntilAnew();
  await checkpointer.close();
  writer.close();
  expect(eventsInDatabaseAlone()).toBe(written);
});

it('hands a copy that is due again soon to a thread, and lets the writer go on meanwhile', async () => {
  for (;;) {
    commitUntilDue();
    const due = writer.log.pages();
    checkpointer.look();
    commit();
    if (writer.log.pages() > due) break;
    await pause(5);
  }
  await commitUntilAnew();
});

it('tries again when a reader that held pages back has gone', async () => {
  const reader = openForReading({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM audit_events').get();
  commitUntilDue();
  checkpointer.look();
  commit();
  expect(writer.log.pages()).toBeGreaterThan(copyFromPages);
  reader.close();
  await commitUntilAnew();
});

it('lets the writer go on when the log cannot be copied', async () => {
  const failing = openCheckpointer(
    { file: store.file, busyTimeoutMs: 100, cacheKib: 1000 },
    {
      pages: () => copyFromPages,
      checkpoint() {
        throw new Error('database or disk is full');
      },
    },
  );
  failing.look();
  await pause(5);
  failing.look();
  await failing.close();
});
