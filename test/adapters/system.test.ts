import { expect, it } from 'vitest';
import { systemClock } from '#src/adapters/system-clock.ts';
import { systemRandomness } from '#src/adapters/system-randomness.ts';

it('the clock tells Unix milliseconds, and a monotonic time that never goes back', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  const times = Array.from({ length: 1000 }, () => systemClock.monotonic());
  expect(times.every((time, index) => index === 0 || time >= times[index - 1]!)).toBe(true);
});

it.skipIf(process.platform !== 'linux')(
  'the clock says for how long the machine slept, which it does not do meanwhile (only Linux counts it)',
  async () => {
    const before = systemClock.asleep!();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(Math.abs(systemClock.asleep!() - before)).toBeLessThan(1000);
  },
);

it('the randomness gives as many octets as asked for, never the same', () => {
  expect([0, 1, 16, 4096].map((length) => systemRandomness.bytes(length).length)).toEqual([0, 1, 16, 4096]);
  const seen = new Set(Array.from({ length: 1000 }, () => Buffer.from(systemRandomness.bytes(16)).toString('hex')));
  expect(seen.size).toBe(1000);
});
