import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Writer } from '../../../../src/adapters/inventory-sqlite/writer/writer.ts';
import type { Batch, SettledBatch } from '../../../../src/adapters/inventory-sqlite/writer/writer-messages.ts';
import { writerThreads } from '../../../../src/adapters/inventory-sqlite/writer/writer-thread.ts';
import { auditEntry } from '../../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../../support/inventory-stores.ts';

let store: SqliteStore;
beforeEach(async () => {
  store = await migratedStore();
  await (await store.open()).close();
});
afterEach(() => store.remove());

/** The thread, and a promise of the first thing it tells. */
async function started(lastBegun = 0) {
  let tell: (told: { settled?: readonly SettledBatch[]; lost?: number; cause?: unknown }) => void;
  const told = new Promise<Parameters<typeof tell>[0]>((resolve) => {
    tell = resolve;
  });
  const thread = await writerThreads({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 })(
    { settled: (settled) => tell({ settled }), lost: (lost, cause) => tell({ lost, cause }) },
    lastBegun,
  );
  return { thread, told };
}

const batch = (id: number): Batch => ({ id, acts: [['appendAudit', [auditEntry()]]] });
/** Not what the thread expects: it dies of it, as it would of a defect. */
const poison = (thread: Writer, id: number): void => thread.post({ id, acts: null as unknown as Batch['acts'] });

describe('the writer thread', () => {
  it('settles batches by their ids', async () => {
    const { thread, told } = await started();
    thread.post(batch(7));
    expect(await told).toEqual({ settled: [{ id: 7, values: [undefined], failures: [] }] });
    await thread.stop();
  });

  it('says when it dies, why, and how far it had come', async () => {
    const { thread, told } = await started(41);
    poison(thread, 42);
    expect(await told).toMatchObject({ lost: 42, cause: { name: 'TypeError' } });
  });

  it('writes what it was given before it was told to stop, and says nothing when it has', async () => {
    const { thread, told } = await started();
    thread.post(batch(1));
    await thread.stop();
    expect(await told).toHaveProperty('settled');
    const inventory = await store.open();
    expect((await inventory.counts()).auditEvents).toBe(1);
  });

  it('does not start on a file that is no database', async () => {
    writeFileSync(store.file, 'no database at all, but long enough to be taken for one'.repeat(100));
    await expect(started()).rejects.toMatchObject({ name: 'StartError', code: 'databaseDamaged' });
  });
});
