import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { collectNowAndThen } from '#src/agent/collect-now-and-then.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('collects when garbage has gathered since the last time, and only then', () => {
  let kept: unknown[] = [];
  const collect = vi.fn(() => {
    kept = [];
  });
  collectNowAndThen(collect);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledTimes(1);
  kept = Array.from({ length: 400_000 }, (_, index) => ({ index }));
  expect(kept).not.toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledTimes(2);
});
