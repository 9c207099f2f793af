/** When a webhook that failed is tried again: ever later, never all at once, and not for ever. */

const firstPauseMs = 5_000;
const longestPauseMs = 6 * 3_600_000;

/** A message older than this is given up when it fails. */
export const keptForMs = 3 * 24 * 3_600_000;

/**
 * Milliseconds until the next try after `attempts` failed ones in a row. Half of each pause is left to chance: `random` is
 * from 0 to 1. `askedMs` is what the receiver asked for; it is kept to what a pause may be.
 */
export function retryPauseMs(attempts: number, random: number, askedMs = 0): number {
  const pause = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);
  return Math.round(Math.max(pause * (0.5 + random / 2), Math.min(askedMs, longestPauseMs)));
}
