/** Backpressure: bounds how much work is under way at once, so that a flood waits with its sender and not in memory. */
import { CaError } from '../../../domain/errors.ts';

/** Runs work while fewer than `limit` are under way, else rejects at once with `overloaded`. */
export function createAdmission(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  let underWay = 0;
  return async (work) => {
    if (underWay >= limit) {
      throw new CaError('overloaded', `${limit} requests are under way already. Try again in a second.`, {
        retryAfterSeconds: 1,
      });
    }
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
    }
  };
}
