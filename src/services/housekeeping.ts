/** What the service does without anybody asking, about once a second: step after step, none of which depends on another. */
import type { Log } from '../ports/log.ts';

/** By name, for the log; taken in this order. */
export type HousekeepingSteps = Readonly<Record<string, () => Promise<unknown>>>;

/** A step that fails is logged and keeps none of the others from being taken; the round then rejects with the first failure. */
export const createHousekeeping = (log: Log, steps: HousekeepingSteps) => async (): Promise<void> => {
  const failures: unknown[] = [];
  for (const [step, take] of Object.entries(steps)) {
    await take().catch((error: unknown) => {
      log.error({ err: error, step }, 'a step of the housekeeping failed; trying again');
      failures.push(error);
    });
  }
  if (failures.length > 0) throw failures[0];
};
