/** What the service does without anybody asking, about once a second: step after step, none of which depends on another. */
import type { Log } from '../ports/log.ts';

/** By name, for the log; taken in this order. */
export type HousekeepingSteps = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * A step that fails keeps none of the others from being taken; the round then rejects with the first failure. It is logged when its
 * reason is new: a disk that is full would have a dozen traces written to it each second.
 */
export function createHousekeeping(log: Log, steps: HousekeepingSteps): () => Promise<void> {
  const reasons = new Map<string, string>();

  const failed = (step: string, error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    if (reasons.get(step) !== reason)
      log.error({ err: error, step }, 'a step of the housekeeping failed; trying again each second');
    reasons.set(step, reason);
  };
  const succeeded = (step: string): void => {
    if (reasons.delete(step)) log.info({ step }, 'a step of the housekeeping succeeds again');
  };

  return async () => {
    const failures: unknown[] = [];
    for (const [step, take] of Object.entries(steps)) {
      try {
        await take();
        succeeded(step);
      } catch (error) {
        failed(step, error);
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
}
