import { describe, expect, it } from 'vitest';
import { defaultClockLimits, guardClock } from '../../src/services/guard-clock.ts';

const start = Date.UTC(2026, 0, 1);

/** A clock whose wall time can jump while the monotonic one goes on. */
function jumpyClock() {
  const state = { wall: start, monotonic: 5000 };
  return {
    state,
    clock: { now: () => state.wall, monotonic: () => state.monotonic },
    pass(ms: number) {
      state.wall += ms;
      state.monotonic += ms;
    },
  };
}

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('guardClock', () => {
  it('follows a clock that passes evenly or is slewed', () => {
    const { clock, state, pass } = jumpyClock();
    const guarded = guardClock(clock, start - 1000);
    for (let hour = 0; hour < 48; hour++) {
      pass(3_600_000);
      state.wall += 10_000;
      expect(guarded.problem()).toBeUndefined();
    }
    expect(guarded.now()).toBe(state.wall);
  });

  it.each([
    ['back', -3_600_000],
    ['far forward', 365 * 86_400_000],
  ])('stops signing when the clock jumps %s, and keeps a believable time', (_way, jump) => {
    const { clock, state, pass } = jumpyClock();
    const guarded = guardClock(clock, 0);
    state.wall += jump;
    pass(1000);
    expect(codeOf(() => guarded.assertSafe())).toBe('clockUnsafe');
    expect(guarded.now()).toBe(start + 1000);
  });

  it('believes a machine that slept, often and shortly or once and long, and nothing beyond that', () => {
    const { clock, state, pass } = jumpyClock();
    let asleep = 77_000;
    const guarded = guardClock({ ...clock, asleep: () => asleep }, 0);
    const sleep = (ms: number): void => {
      state.wall += ms;
      asleep += ms;
    };
    for (let nap = 0; nap < 20; nap++) {
      sleep(50_000);
      pass(1000);
      expect(guarded.problem()).toBeUndefined();
    }
    sleep(9 * 3_600_000);
    expect(guarded.problem()).toBeUndefined();
    expect(guarded.now()).toBe(state.wall);
    const before = state.wall;
    sleep(3_600_000);
    state.wall += 3_600_000;
    expect(codeOf(() => guarded.assertSafe())).toBe('clockUnsafe');
    expect(guarded.now()).toBe(before + 3_600_000);
  });

  it('signs again when the clock is corrected', () => {
    const { clock, state } = jumpyClock();
    const guarded = guardClock(clock, 0);
    state.wall -= 3_600_000;
    expect(guarded.problem()).toBeDefined();
    state.wall += 3_600_000;
    expect(codeOf(() => guarded.assertSafe())).toBeUndefined();
  });

  it('starts without signing when the clock is behind the newest audit event, until it has caught up', () => {
    const { clock, pass } = jumpyClock();
    const guarded = guardClock(clock, start + 3_600_000);
    expect(codeOf(() => guarded.assertSafe())).toBe('clockUnsafe');
    pass(3_600_000);
    expect(codeOf(() => guarded.assertSafe())).toBeUndefined();
  });

  it('takes a clock for right that is a little behind the newest audit event', () => {
    const { maximumBehindMs } = defaultClockLimits;
    const { clock } = jumpyClock();
    expect(guardClock(clock, start + maximumBehindMs).problem()).toBeUndefined();
    expect(guardClock(clock, start + maximumBehindMs + 1).problem()).toContain('behind');
  });

  it('refuses to start far after the newest audit event, unless the operator says that the clock is right', () => {
    const { clock } = jumpyClock();
    const longAgo = start - 400 * 86_400_000;
    expect(codeOf(() => guardClock(clock, longAgo))).toBe('clockUnsafe');
    expect(guardClock(clock, longAgo, { ...defaultClockLimits, acceptClock: true }).problem()).toBeUndefined();
  });

  it('believes the clock of a new inventory', () => {
    expect(guardClock(jumpyClock().clock, 0).problem()).toBeUndefined();
  });
});
