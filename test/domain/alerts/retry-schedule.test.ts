import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryPauseMs } from '../../../src/domain/alerts/retry-schedule.ts';

const hourMs = 3_600_000;
const all = (random: number): number[] => {
  const pauses: number[] = [];
  for (let attempts = 1; ; attempts++) {
    const pause = retryPauseMs(attempts, random);
    if (pause === undefined) return pauses;
    pauses.push(pause);
  }
};

describe('the pauses between tries', () => {
  it('grow to six hours, and end after about two days', () => {
    const pauses = all(1);
    expect([pauses[0], pauses[1], pauses.at(-1)]).toEqual([5_000, 10_000, 6 * hourMs]);
    const whole = pauses.reduce((sum, pause) => sum + pause, 0);
    expect(whole).toBeGreaterThan(36 * hourMs);
    expect(whole).toBeLessThan(72 * hourMs);
  });

  it('are spread over half of themselves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 19 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
        const [pause, longest] = [retryPauseMs(attempts, random)!, retryPauseMs(attempts, 1)!];
        expect(pause).toBeGreaterThanOrEqual(longest / 2);
        expect(pause).toBeLessThanOrEqual(longest);
      }),
    );
  });

  it('are as long as the receiver asks, up to six hours', () => {
    expect(retryPauseMs(1, 0, 60_000)).toBe(60_000);
    expect(retryPauseMs(1, 0, 1e12)).toBe(6 * hourMs);
  });
});
