import { describe, expect, it } from 'vitest';
import { WriteQueue, type WriteQueueOptions } from '../../../../src/adapters/inventory-sqlite/writer/write-queue.ts';
import type { WriterEvents } from '../../../../src/adapters/inventory-sqlite/writer/writer.ts';
import type { Batch } from '../../../../src/adapters/inventory-sqlite/writer/writer-messages.ts';
import { auditEntry } from '../../../support/inventory-builders.ts';

/** A thread that does what the test says, and a queue on it. */
async function queueOn(options: Partial<WriteQueueOptions> = {}, startable: () => boolean = () => true) {
  const batches: Batch[] = [];
  const starts: { events: WriterEvents; lastBegun: number }[] = [];
  const stops: number[] = [];
  const queue = await WriteQueue.open(
    async (events, lastBegun) => {
      starts.push({ events, lastBegun });
      if (!startable()) throw new Error('not now');
      return {
        post(batch) {
          structuredClone(batch);
          batches.push(batch);
        },
        stop: async () => void stops.push(batches.length),
      };
    },
    { maximumPending: 10_000, restartDelayMs: 1, ...options },
  );
  const settle = (batch: Batch, value: unknown = 'done'): void =>
    starts.at(-1)!.events.settled([{ id: batch.id, values: batch.acts.map(() => value), failures: [] }]);
  return { queue, batches, starts, stops, settle };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};
const append = (queue: WriteQueue) => queue.submit(['appendAudit', [auditEntry()]]);
const settled = (promise: Promise<unknown>) => Promise.allSettled([promise]).then(([result]) => result!);

describe('the queue of writes', () => {
  it('sends what one turn of the event loop brought in one batch, when that is little', async () => {
    const { queue, batches, settle } = await queueOn();
    const answers = Array.from({ length: 7 }, () => append(queue));
    expect(batches).toEqual([]);
    await turn();
    expect(batches.map(({ acts }) => acts.length)).toEqual([7]);
    settle(batches[0]!);
    expect(await Promise.all(answers)).toEqual(answers.map(() => 'done'));
  });

  it('sends the first of many before their turn of the event loop ends, each of them once', async () => {
    const { queue, batches, settle } = await queueOn();
    const answers = Array.from({ length: 19 }, () => append(queue));
    expect(batches.map(({ acts }) => acts.length)).toEqual([8, 8]);
    await turn();
    expect(batches.map(({ acts }) => acts.length)).toEqual([8, 8, 3]);
    for (const batch of batches) settle(batch);
    expect(await Promise.all(answers)).toEqual(answers.map(() => 'done'));
  });

  it('bounds what is on its way, so that one commit cannot hold up the others for long, and gathers the rest', async () => {
    const { queue, batches, settle } = await queueOn();
    const onTheWay = () => batches.reduce((sum, { acts }) => sum + acts.length, 0);
    for (let count = 0; count < 1200; count++) void append(queue);
    await turn();
    await turn();
    expect(onTheWay()).toBe(1000);
    settle(batches[0]!);
    await turn();
    expect(onTheWay()).toBe(1000 + batches[0]!.acts.length);
  });

  it('refuses more than it may hold as overloaded, and takes more once there is room', async () => {
    const { queue, batches, settle } = await queueOn({ maximumPending: 3 });
    const accepted = [append(queue), append(queue), append(queue)];
    await expect(append(queue)).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    await turn();
    settle(batches[0]!);
    await Promise.all(accepted);
    void append(queue);
    await turn();
    expect(batches).toHaveLength(2);
  });

  it('fails the one act that is no plain value, not those beside it', async () => {
    const { queue, batches, settle } = await queueOn();
    const good = append(queue);
    const bad = queue.submit(['setSetting', ['name', (() => 'no value') as unknown as string]]);
    await expect(bad).rejects.toMatchObject({ code: 'serverInternal' });
    settle(batches[0]!);
    expect(await good).toBe('done');
  });
});

describe('a writer thread that dies', () => {
  it('promises that nothing was done only of what it had not begun', async () => {
    const { queue, batches, starts } = await queueOn();
    const begun = settled(append(queue));
    await turn();
    const untouched = settled(append(queue));
    await turn();
    const gathered = settled(append(queue));
    starts[0]!.events.lost(batches[0]!.id, new Error('out of memory'));
    expect(await begun).toMatchObject({ reason: { code: 'serverInternal' } });
    expect(await untouched).toMatchObject({ reason: { code: 'inventoryUnavailable', retryAfterSeconds: 1 } });
    expect(await gathered).toMatchObject({ reason: { code: 'inventoryUnavailable', retryAfterSeconds: 1 } });
  });

  it('is started again, however often that fails, and numbering goes on', async () => {
    let startable = true;
    const { queue, batches, starts, settle } = await queueOn({}, () => startable);
    void settled(append(queue));
    await turn();
    startable = false;
    starts[0]!.events.lost(0, undefined);
    await expect(append(queue)).rejects.toMatchObject({ code: 'inventoryUnavailable' });
    await until(() => starts.length >= 4);
    startable = true;
    const tried = starts.length;
    await until(() => starts.length > tried);
    await turn();
    const answer = append(queue);
    await turn();
    expect(batches.map(({ id }) => id)).toEqual([1, 2]);
    settle(batches[1]!);
    expect(await answer).toBe('done');
  });

  it('does not keep the queue from closing', async () => {
    const { queue, starts } = await queueOn({ restartDelayMs: 60_000 });
    starts[0]!.events.lost(0, undefined);
    await queue.close(async () => {});
    expect(starts).toHaveLength(1);
  });
});

describe('a queue that closes', () => {
  it('finishes what was accepted, then lets go of the readers, then stops the thread', async () => {
    const { queue, batches, stops, settle } = await queueOn();
    const accepted = append(queue);
    const order: string[] = [];
    const closed = queue.close(async () => void order.push(`readers after ${stops.length} stops`));
    await expect(append(queue)).rejects.toMatchObject({ code: 'stopping' });
    await turn();
    expect(order).toEqual([]);
    settle(batches[0]!);
    expect(await accepted).toBe('done');
    await closed;
    expect(order).toEqual(['readers after 0 stops']);
    expect(stops).toEqual([1]);
  });
});
