/** Counting by key: exact while it can be, never too low, bounded always. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitedAddress } from '../../../../src/faces/http/arrival/connection-registry.ts';
import { createRateWindow } from '../../../../src/faces/http/arrival/rate-window.ts';

describe('a rate window', () => {
  it('tells the first event over the limit from the later ones, and when to come back', () => {
    let now = 0;
    const { count } = createRateWindow(2, () => now);
    const seen = [count('a'), count('a')];
    now = 15_001;
    expect([...seen, count('a'), count('a')]).toEqual([
      undefined,
      undefined,
      { first: true, retryAfterSeconds: 45 },
      { first: false, retryAfterSeconds: 45 },
    ]);
  });

  it('counts each key for itself and begins anew after a minute', () => {
    let now = 0;
    const { count } = createRateWindow(1, () => now);
    count('a');
    expect([count('b'), count('a')?.first]).toEqual([undefined, true]);
    now = 60_000;
    expect(count('a')).toBeUndefined();
  });

  it('is not stuck when the clock jumps back', () => {
    let now = 10 * 60_000;
    const { count } = createRateWindow(1, () => now);
    count('a');
    count('a');
    now = 0;
    expect(count('a')).toBeUndefined();
  });

  it('holds no more than its capacity after a million random keys, and has not forgotten the hot one', () => {
    const limit = 500;
    const window = createRateWindow(limit, () => 0);
    let random = 1;
    const cold = (): string => {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      return `cold ${random}`;
    };
    let hot = 0;
    let largest = 0;
    let lastHot: ReturnType<typeof window.count>;
    for (let index = 0; index < 1_000_000; index++) {
      window.count(cold());
      if (index % 1000 === 0) {
        lastHot = window.count('hot');
        hot++;
        largest = Math.max(largest, window.size);
      }
    }
    expect([largest, hot > limit, lastHot !== undefined]).toEqual([10_000, true, true]);
  });

  it('never counts a key too low, and too high by no more than it owes to its bound', () => {
    // Of its own accord fast-check makes lists of about ten, which fill no window.
    const keys = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 40 }), (events, capacity, limit) => {
        const window = createRateWindow(limit, () => 0, capacity);
        const truth = new Map<number, number>();
        for (const [index, key] of events.entries()) {
          const count = (truth.get(key) ?? 0) + 1;
          truth.set(key, count);
          const excess = window.count(String(key));
          if (count > limit) expect(excess).toBeDefined();
          if (count + index / capacity <= limit) expect(excess).toBeUndefined();
          expect(window.size).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });

  it('keeps its bound in the window after one that was full', () => {
    let now = 0;
    const window = createRateWindow(100, () => now, 10);
    for (let event = 0; event < 11; event++) window.count(`old ${event}`);
    now = 60_000;
    for (let event = 0; event < 40; event++) window.count(`new ${event % 20 < 10 ? event % 10 : event}`);
    expect(window.size).toBe(10);
  });

  it('admits who is known and below the limit in this window, and counts it', () => {
    let now = 0;
    const window = createRateWindow(3, () => now);
    expect(window.admits('a')).toBe(false);
    window.count('a');
    expect([window.admits('a'), window.admits('a'), window.admits('a')]).toEqual([true, true, false]);
    expect(window.count('a')).toMatchObject({ first: true });
    window.count('b');
    now = 60_000;
    expect([window.admits('b'), window.size]).toEqual([false, 0]);
  });

  it('calls at most one event of each count the first over the limit, however many keys come', () => {
    const window = createRateWindow(3, () => 0, 10);
    const firsts = Array.from({ length: 1000 }, (_, index) => window.count(`key ${index}`)).filter(
      (excess) => excess?.first,
    );
    expect(firsts).toHaveLength(10);
  });
});

describe('the address that limits count', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8::3:4:5:6:7', '2001:db8:0:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, limited) => {
    expect(limitedAddress(address)).toBe(limited);
  });
});
