import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writerHere } from '../../../../src/adapters/inventory-sqlite/writer/writer-here.ts';
import type { Batch, SettledBatch } from '../../../../src/adapters/inventory-sqlite/writer/writer-messages.ts';
import { auditEntry } from '../../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../../support/inventory-stores.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = await migratedStore({ work: 'here' });
});
afterEach(() => store.remove());

async function started() {
  const settled: (readonly SettledBatch[])[] = [];
  const writer = await writerHere({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 })(
    { settled: (batches) => settled.push(batches), lost: () => settled.push([]) },
    0,
  );
  return { writer, settled };
}

const batch = (id: number): Batch => ({ id, acts: [['appendAudit', [auditEntry()]]] });

describe('the writer on the caller’s thread', () => {
  it('settles what came together in one commit, after the caller has gone on', async () => {
    const { writer, settled } = await started();
    writer.post(batch(7));
    writer.post(batch(8));
    expect(settled).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toEqual([[7, 8].map((id) => ({ id, values: [undefined], failures: [] }))]);
    await writer.stop();
  });

  it('writes what it was given before it was told to stop', async () => {
    const { writer, settled } = await started();
    writer.post(batch(1));
    await writer.stop();
    expect(settled).toHaveLength(1);
    const inventory = await store.open();
    expect((await inventory.counts()).auditEvents).toBe(1);
  });

  it('refuses what a thread could not be sent', async () => {
    const { writer } = await started();
    const acts = [['appendAudit', [{ ...auditEntry(), kind: () => 'a function' }]]] as unknown as Batch['acts'];
    expect(() => writer.post({ id: 1, acts })).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
    await writer.stop();
  });

  it('writes what the act was when it came, whatever becomes of it afterwards', async () => {
    const { writer } = await started();
    const entry = { ...auditEntry(), actor: 'operator:alice' };
    writer.post({ id: 1, acts: [['appendAudit', [entry]]] });
    entry.actor = 'operator:mallory';
    await writer.stop();
    const inventory = await store.open();
    const [event] = await inventory.auditEvents(0, 1);
    expect(event).toMatchObject({ actor: 'operator:alice' });
  });
});
