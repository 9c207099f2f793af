/**
 * Counts events by key in windows of one minute, in bounded memory: Space-Saving (Metwally, Agrawal, El Abbadi: Efficient
 * Computation of Frequent and Top-k Elements in Data Streams, 2005).
 */

const windowMs = 60_000;
/** With keys of ours about 2 MB, when it is full. */
const defaultCapacity = 10_000;

/** `first` is true for the one event that stepped over the limit, which is worth an audit event. */
export interface Excess {
  readonly first: boolean;
  readonly retryAfterSeconds: number;
}

export interface RateWindow {
  /**
   * Counts one event and tells when its key is over the limit. No key is ever counted too low, so that nobody gets away by
   * making us forget. One may be counted too high, by at most the window's events divided by the capacity.
   */
  count(key: string): Excess | undefined;
  /** Counts one event of a key that is known and below the limit; false: it is not, and nothing was counted. */
  admits(key: string): boolean;
  /** Keys that are remembered now. */
  readonly size: number;
}

interface Entry {
  readonly key: string;
  count: number;
  /** Among those of the same count. */
  place: number;
}

/** `now` in Unix milliseconds. The window begins with the first event after the last one ended, for all keys. */
export function createRateWindow(limit: number, now: () => number, capacity = defaultCapacity): RateWindow {
  const entries = new Map<string, Entry>();
  let ranks: Ranks | undefined;
  let endsAt = 0;

  const beginAnew = (at: number): void => {
    entries.clear();
    ranks = undefined;
    endsAt = at + windowMs;
  };

  /** A newcomer takes over from who came least often, count included: it may have been there before. */
  const enter = (key: string): Entry => {
    let count = 0;
    if (entries.size >= capacity) {
      ranks ??= rankByCount(entries.values());
      const least = ranks.removeLeast();
      entries.delete(least.key);
      count = least.count;
    }
    const entry = { key, count, place: 0 };
    entries.set(key, entry);
    ranks?.add(entry);
    return entry;
  };

  const keepTime = (): number => {
    const at = now();
    // A clock that went back must not lengthen the window.
    if (at >= endsAt || endsAt - at > windowMs) beginAnew(at);
    return at;
  };

  const countIn = (entry: Entry): void => {
    ranks?.remove(entry);
    entry.count++;
    ranks?.add(entry);
  };

  return {
    count(key) {
      const at = keepTime();
      const entry = entries.get(key) ?? enter(key);
      countIn(entry);
      if (entry.count <= limit) return undefined;
      return { first: entry.count === limit + 1, retryAfterSeconds: Math.ceil((endsAt - at) / 1000) };
    },
    admits(key) {
      keepTime();
      const entry = entries.get(key);
      if (entry === undefined || entry.count >= limit) return false;
      countIn(entry);
      return true;
    },
    get size() {
      return entries.size;
    },
  };
}

/** Entries by their count, for finding the least one: kept only once there are as many as may be. */
interface Ranks {
  add(entry: Entry): void;
  remove(entry: Entry): void;
  removeLeast(): Entry;
}

/** Each in constant time: a place is left to the last of its rank. */
function rankByCount(entries: Iterable<Entry>): Ranks {
  const ranks = new Map<number, Entry[]>();
  let least = Number.POSITIVE_INFINITY;

  const add = (entry: Entry): void => {
    const rank = ranks.get(entry.count);
    entry.place = rank?.length ?? 0;
    if (rank) rank.push(entry);
    else ranks.set(entry.count, [entry]);
    least = Math.min(least, entry.count);
  };
  const remove = ({ count, place }: Entry): void => {
    const rank = ranks.get(count)!;
    const last = rank.pop()!;
    if (rank.length === 0) ranks.delete(count);
    if (place === rank.length) return;
    rank[place] = last;
    last.place = place;
  };

  for (const entry of entries) add(entry);
  return {
    add,
    remove,
    removeLeast() {
      // Counts only grow within a window, so that these steps are paid for by the events that made them.
      while (!ranks.has(least)) least++;
      const entry = ranks.get(least)!.at(-1)!;
      remove(entry);
      return entry;
    },
  };
}
