/** When somebody has to fetch the next list of an authority whose key is elsewhere: nobody here can make it. */

const day = 86_400;
const thresholdsDays = [1, 7, 30] as const;

/**
 * 30, 7 or 1: so many days at most are left of it; 0: it is over; null: nothing to do yet. A list that lives for weeks is not
 * called for from its first day on: only in the last third of its life. `now` in Unix seconds.
 */
export function reminderDays(
  { thisUpdate, nextUpdate }: { readonly thisUpdate: number; readonly nextUpdate: number },
  now: number,
): number | null {
  const left = nextUpdate - now;
  if (left <= 0) return 0;
  if (left > (nextUpdate - thisUpdate) / 3) return null;
  return thresholdsDays.find((days) => left <= days * day) ?? null;
}
