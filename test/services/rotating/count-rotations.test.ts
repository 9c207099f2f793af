/** The count of what should have been rotated: whole, with rests, and ended when the service stops. */
import { describe, expect, it } from 'vitest';
import type { RotationPlace, RotationSlice } from '../../../src/ports/alert-store.ts';
import { countRotations } from '../../../src/services/rotating/count-rotations.ts';

const place = (id: number): RotationPlace => ({ part: 0, place: 0, id });
const slices: readonly RotationSlice[] = [
  { counts: [{ owner: 'dev/a', overdue: 2, expiring: [1, 2], failed: 0 }], next: place(1) },
  {
    counts: [
      { owner: 'dev/a', overdue: 1, expiring: [0, 1], failed: 0 },
      { owner: 'dev/b', overdue: 4, expiring: [0, 0], failed: 0 },
    ],
    next: place(2),
  },
  { counts: [{ owner: 'dev/a', overdue: 0, expiring: [0, 0], failed: 3 }], next: null },
];

/** Each slice takes a while; remembers what was asked and how long was rested. */
function inventoryOf({ sliceMs }: { readonly sliceMs: number }) {
  let at = 0;
  const asked: (RotationPlace | null)[] = [];
  const rests: number[] = [];
  return {
    asked,
    rests,
    clock: { monotonic: () => at },
    pause: async (ms: number) => void rests.push(ms),
    inventory: {
      rotationSlice: async ({ from }: { readonly from: RotationPlace | null }) => {
        at += sliceMs;
        return slices[asked.push(from) - 1]!;
      },
    },
  };
}

const question = { now: 1, boundsDays: [1, 7] };

describe('counting rotations', () => {
  it('adds the slices up by owner, each read from where the one before it ended', async () => {
    const { asked, ...deps } = inventoryOf({ sliceMs: 1 });
    expect(await countRotations({ ...deps, isStopped: () => false }, question)).toEqual([
      { owner: 'dev/a', overdue: 3, expiring: [1, 3], failed: 3 },
      { owner: 'dev/b', overdue: 4, expiring: [0, 0], failed: 0 },
    ]);
    expect(asked).toEqual([null, place(1), place(2)]);
  });

  it('rests nine times as long as each slice took, and not after the last', async () => {
    const { rests, ...deps } = inventoryOf({ sliceMs: 3 });
    await countRotations({ ...deps, isStopped: () => false }, question);
    expect(rests).toEqual([27, 27]);
  });

  it('ends without a count when the service stops meanwhile', async () => {
    const { asked, ...deps } = inventoryOf({ sliceMs: 1 });
    expect(await countRotations({ ...deps, isStopped: () => asked.length === 2 }, question)).toBeUndefined();
    expect(asked).toHaveLength(2);
  });
});
