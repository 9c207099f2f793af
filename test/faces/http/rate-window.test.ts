/** Counting by address: exact within a minute, forgetful beyond it, bounded always. */
import { describe, expect, it } from 'vitest';
import { limitedAddress } from '../../../src/faces/http/connection-registry.ts';
import { createRateWindow } from '../../../src/faces/http/rate-window.ts';

describe('a rate window', () => {
  it('tells the first event over the limit from the later ones, and when to come back', () => {
    let now = 0;
    const count = createRateWindow(2, () => now);
    const seen = [count('a'), count('a')];
    now = 15_000;
    expect([...seen, count('a'), count('a')]).toEqual([
      undefined,
      undefined,
      { first: true, retryAfterSeconds: 45 },
      { first: false, retryAfterSeconds: 45 },
    ]);
  });

  it('counts each address for itself and begins anew after a minute', () => {
    let now = 0;
    const count = createRateWindow(1, () => now);
    count('a');
    expect([count('b'), count('a')?.first]).toEqual([undefined, true]);
    now = 60_000;
    expect(count('a')).toBeUndefined();
  });

  it('is not stuck when the clock jumps back', () => {
    let now = 10 * 60_000;
    const count = createRateWindow(1, () => now);
    count('a');
    count('a');
    now = 0;
    expect(count('a')).toBeUndefined();
  });

  it('forgets the oldest address rather than grow', () => {
    const count = createRateWindow(1, () => 0);
    count('oldest');
    for (let index = 0; index < 10_000; index++) count(`address ${index}`);
    expect(count('oldest')).toBeUndefined();
    expect(count('address 9999')?.first).toBe(true);
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
