/** Remembers what is read with every request and changes rarely, for a second: less than anybody notices, most of the reads. */
import type { Clock } from '../ports/clock.ts';

const keptMs = 1000;
const maxKept = 10_000;

/** `load`, remembered by key for a second. What is not there is not remembered, so that it is found as soon as it comes. */
export function rememberBriefly<T>(
  clock: Pick<Clock, 'monotonic'>,
  load: (key: string) => Promise<T | undefined>,
): (key: string) => Promise<T | undefined> {
  const kept = new Map<string, { readonly value: T; readonly until: number }>();
  return async (key) => {
    const now = clock.monotonic();
    const known = kept.get(key);
    if (known && known.until > now) return known.value;
    const value = await load(key);
    if (kept.size >= maxKept) kept.clear();
    if (value === undefined) kept.delete(key);
    else kept.set(key, { value, until: now + keptMs });
    return value;
  };
}
