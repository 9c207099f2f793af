/** The latest time that was believed: what a clock that is behind it writes meanwhile does not make that clock right. */
import type { Inventory } from '../ports/inventory.ts';
import type { ClockLimits } from './guard-clock.ts';

/** Unix milliseconds as text, while the clock is behind; else empty. */
const settingName = 'clockBehind';

export interface BelievedTimeDeps {
  readonly inventory: Pick<Inventory, 'latestTime' | 'setting' | 'setSetting'>;
  /** Unix milliseconds. */
  readonly now: number;
  readonly limits: Pick<ClockLimits, 'maximumBehindMs' | 'acceptClock'>;
}

/**
 * Unix milliseconds, 0 for a new inventory. Called at a start, before anything is recorded: a start whose clock is behind notes
 * this time, so that the next one, whose newest event is of the wrong clock, knows it still. An operator who says that the clock
 * is right ends that.
 */
export async function latestBelievedTime({ inventory, now, limits }: BelievedTimeDeps): Promise<number> {
  const noted = Number((await inventory.setting(settingName)) ?? 0);
  const latest = Math.max(noted, await inventory.latestTime());
  const isBehind = !limits.acceptClock && latest - now > limits.maximumBehindMs;
  const toNote = isBehind ? latest : 0;
  if (toNote !== noted) await inventory.setSetting(settingName, toNote === 0 ? '' : String(toNote));
  return latest;
}
