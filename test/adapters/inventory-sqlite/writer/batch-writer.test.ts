import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Act } from '#src/adapters/inventory-sqlite/acts/acts.ts';
import { openForReading } from '#src/adapters/inventory-sqlite/connection.ts';
import { type BatchWriter, openBatchWriter } from '#src/adapters/inventory-sqlite/writer/batch-writer.ts';
import { auditEntry } from '../../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../../support/inventory-stores.ts';

let store: SqliteStore;
let writer: BatchWriter;
beforeEach(async () => {
  store = await migratedStore({ work: 'here' });
  writer = openBatchWriter({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
});
afterEach(async () => {
  writer.close();
  await store.remove();
});

const append = (actor: string): Act => ['appendAudit', [{ ...auditEntry(), actor }]];
/** No act that the program makes. */
const nonsense = ['appendAudit', [null]] as unknown as Act;

function committed(): readonly string[] {
  const connection = openForReading({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
  try {
    return connection.prepare<[], string>('SELECT actor FROM audit_events ORDER BY seq').pluck().all();
  } finally {
    connection.close();
  }
}

/** Gives one after the other of `arrivals`, and keeps what was committed when it was asked. */
function arriving(arrivals: readonly (readonly Act[])[]) {
  const seen: (readonly string[])[] = [];
  const more = (): readonly Act[] => {
    seen.push(committed());
    return arrivals[seen.length - 1] ?? [];
  };
  return { more, seen };
}

it('commits what comes while it writes together with what it writes', () => {
  const { more, seen } = arriving([[append('operator:b'), append('operator:c')], [append('operator:d')]]);
  expect(writer.write([append('operator:a')], more)).toEqual(Array(4).fill({ value: undefined }));
  expect(seen).toEqual([[], [], []]);
  expect(committed()).toEqual(['operator:a', 'operator:b', 'operator:c', 'operator:d']);
});

it('lets an act at fault, which came while it wrote, fail alone', () => {
  const { more } = arriving([[nonsense, append('operator:b')]]);
  const results = writer.write([append('operator:a')], more);
  expect(results.map((result) => Object.keys(result))).toEqual([['value'], ['failure'], ['value']]);
  expect(committed()).toEqual(['operator:a', 'operator:b']);
});
