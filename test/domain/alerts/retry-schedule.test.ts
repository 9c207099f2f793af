import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keptForMs, retryPauseMs } from '../../../src/domain/alerts/retry-schedule.ts';

const hourMs = 3_600_000;

describe('the pauses between tries', () => {
  it('double from five seconds to six hours, which a message outlives', () => {
    const pauses = Array.from({ length: 15 }, (_, failed) => retryPauseMs(failed + 1, 1));
    expect(pauses.slice(0, 3)).toEqual([5_000, 10_000, 20_000]);
    expect(pauses.slice(-2)).toEqual([6 * hourMs, 6 * hourMs]);
    expect(retryPauseMs(5_000, 1)).toBe(6 * hourMs);
    expect(keptForMs).toBeGreaterThan(10 * 6 * hourMs);
  });

  it('are spread over half of themselves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
        const [pause, longest] = [retryPauseMs(attempts, random), retryPauseMs(attempts, 1)];
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
