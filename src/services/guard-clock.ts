/** Stops signing while the wall clock cannot be believed, and gives everybody one time that does not jump. */
import { clockLimits } from '../domain/diagnosis/clock-limits.ts';
import { CaError, StartError } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';

export interface ClockLimits {
  /** A jump of the wall clock against the monotonic one by more than this, either way, is not believed. */
  readonly maximumJumpMs: number;
  /** At start: how far behind the newest audit event the clock may be. */
  readonly maximumBehindMs: number;
  /** At start: how far after the newest audit event the clock may be; a longer silence needs `acceptClock`. */
  readonly maximumAheadMs: number;
  /** An operator has checked the clock: believe it at start, whatever the inventory remembers. */
  readonly acceptClock: boolean;
}

export const defaultClockLimits: ClockLimits = {
  maximumJumpMs: clockLimits.jumpMs,
  maximumBehindMs: clockLimits.behindMs,
  maximumAheadMs: clockLimits.aheadMs,
  acceptClock: false,
};

/** Less than this may be NTP slewing the clock between two readings; only for more is it asked how long the machine slept. */
const noticeableMs = 500;

/** The believed time. It follows the wall clock, and the monotonic one from the moment the wall clock jumps. */
export interface GuardedClock extends Clock {
  /** Throws CaError `clockUnsafe` while the clock is not believed; each signature asks first. */
  assertSafe(): void;
  /** Why the clock is not believed now; undefined when it is. */
  problem(): string | undefined;
}

/**
 * `latestTime` is the newest Unix millisecond the inventory has seen, 0 when it is new. A clock far ahead at start is a
 * StartError: nothing may be written with such a time. One that is behind lets the service start without signing.
 */
export function guardClock(clock: Clock, latestTime: number, limits: ClockLimits = defaultClockLimits): GuardedClock {
  const start = clock.now();
  const known = latestTime > 0 && !limits.acceptClock;
  if (known && start - latestTime > limits.maximumAheadMs) throw farAhead(start, latestTime);
  const behind = known && latestTime - start > limits.maximumBehindMs;
  const asleep = (): number => clock.asleep?.() ?? 0;
  const base = { wall: start, monotonic: clock.monotonic(), asleep: asleep() };

  /**
   * The wall clock's time while the monotonic clock agrees with it, which also follows NTP's slewing; otherwise the time that has
   * passed since they last agreed. While a laptop sleeps only the wall clock goes on, so that the time it slept is added.
   */
  const read = (): { believed: number; jumpMs: number } => {
    const wall = clock.now();
    const monotonic = clock.monotonic();
    const awake = base.wall + (monotonic - base.monotonic);
    const sleptMs = Math.abs(wall - awake) > noticeableMs ? asleep() - base.asleep : 0;
    const expected = awake + sleptMs;
    const jumpMs = wall - expected;
    if (Math.abs(jumpMs) > limits.maximumJumpMs) return { believed: Math.round(expected), jumpMs };
    base.wall = wall;
    base.monotonic = monotonic;
    base.asleep += sleptMs;
    return { believed: wall, jumpMs: 0 };
  };

  const problem = (): string | undefined => {
    const { believed, jumpMs } = read();
    if (jumpMs !== 0) {
      return `the clock jumped by ${Math.round(jumpMs / 1000)} s while the service ran; if it is right now, restart the service`;
    }
    if (behind && believed < latestTime)
      return `the clock is behind the newest audit event, ${iso(latestTime)}; ${ifRight}`;
    return undefined;
  };

  return {
    now: () => read().believed,
    monotonic: () => clock.monotonic(),
    problem,
    assertSafe() {
      const why = problem();
      if (why)
        throw new CaError('clockUnsafe', `Nothing is signed now: ${why}. Correct the clock.`, {
          retryAfterSeconds: 60,
        });
    },
  };
}

const ifRight = 'if it is right, start once with PRIVYSEAL_ACCEPT_CLOCK=true';

const iso = (ms: number): string => new Date(ms).toISOString();

const farAhead = (now: number, latestTime: number): StartError =>
  new StartError(
    'clockUnsafe',
    `The clock says ${iso(now)}, but the newest audit event is of ${iso(latestTime)}. Correct the clock, or, ${ifRight}.`,
  );
