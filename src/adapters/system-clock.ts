/** The machine's clocks as the Clock port. */
import { uptime } from 'node:os';
import type { Clock } from '../ports/clock.ts';

/** Linux counts a sleep in the time since the machine was started, and not in what its monotonic clock says of the same. */
const asleep = (): number => uptime() * 1000 - Number(process.hrtime.bigint()) / 1e6;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  ...(process.platform === 'linux' && { asleep }),
};
