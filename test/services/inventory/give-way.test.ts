/** What long reading leaves to issuing. */
import { describe, expect, it } from 'vitest';
import { createGiveWay } from '#src/services/inventory/give-way.ts';

interface Load {
  readonly stepMs: number;
  readonly pendingWrites: number;
  /** Accepted during each step, and no longer waiting at its end. */
  readonly writes?: number;
}

/** Resolves to the pauses between steps. */
async function pausesOf({ stepMs, pendingWrites, writes = 0 }: Load, steps = 3) {
  let time = 0;
  let acceptedWrites = 7;
  const pauses: number[] = [];
  const giveWay = createGiveWay({
    inventory: { load: async () => ({ pendingWrites, acceptedWrites, waitingSearches: 0 }) },
    clock: { monotonic: () => time },
    pause: async (ms) => void pauses.push(ms),
  });
  for (let step = 0; step < steps; step++) {
    await giveWay(async () => {
      time += stepMs;
      acceptedWrites += writes;
    });
  }
  return pauses;
}

describe('a long task', () => {
  it('rests three times as long as each step took while certificates are being written', async () => {
    expect(await pausesOf({ stepMs: 10, pendingWrites: 1 })).toEqual([30, 30]);
  });

  it('rests as well when what was written meanwhile is done', async () => {
    expect(await pausesOf({ stepMs: 10, pendingWrites: 0, writes: 2 })).toEqual([30, 30]);
  });

  it('goes on at once while nothing is written', async () => {
    expect(await pausesOf({ stepMs: 10, pendingWrites: 0 })).toEqual([]);
  });

  it('never rests for more than a second', async () => {
    expect(await pausesOf({ stepMs: 5_000, pendingWrites: 9 }, 2)).toEqual([1_000]);
  });

  it('hands on what a step gives, and rests after one that failed, too', async () => {
    let time = 0;
    const pauses: number[] = [];
    const giveWay = createGiveWay({
      inventory: { load: async () => ({ pendingWrites: 1, acceptedWrites: 1, waitingSearches: 0 }) },
      clock: { monotonic: () => time },
      pause: async (ms) => void pauses.push(ms),
    });
    const failing = giveWay(async () => {
      time += 7;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect([await giveWay(async () => 'page'), pauses]).toEqual(['page', [21]]);
  });
});
