/** Remembers for a second what every request reads and what rarely changes: nobody notices, and most of the reads are saved. */
import type { Clock } from '../ports/clock.ts';

const keptMs = 1000;
const maxKept = 10_000;

export interface BriefMemory<T> {
  /** As it was at most a second ago. */
  find(key: string): Promise<T | undefined>;
  /** The next `find` reads it again: it was changed here. */
  forget(key: string): void;
}

/** `load`, remembered by key for a second. What is not there is not remembered, so that it is found as soon as it comes. */
export function rememberBriefly<T>(
  clock: Pick<Clock, 'monotonic'>,
  load: (key: string) => Promise<T | undefined>,
): BriefMemory<T> {
  const kept = new Map<string, { readonly value: T; readonly until: number }>();
  let changes = 0;
  return {
    async find(key) {
      const now = clock.monotonic();
      const known = kept.get(key);
      if (known && known.until > now) return known.value;
      const changesBefore = changes;
      const value = await load(key);
      if (kept.size >= maxKept) kept.clear();
      if (value === undefined) kept.delete(key);
      // What was read while something changed may be of before the change.
      else if (changes === changesBefore) kept.set(key, { value, until: now + keptMs });
      return value;
    },
    forget(key) {
      changes += 1;
      kept.delete(key);
    },
  };
}
