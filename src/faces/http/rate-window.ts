/** Counts events by address in windows of one minute, in bounded memory. */

const windowMs = 60_000;
const maxAddresses = 10_000;

interface Window {
  readonly endsAt: number;
  count: number;
}

/** `first` is true for the one event that stepped over the limit, which is worth an audit event. */
export interface Excess {
  readonly first: boolean;
  readonly retryAfterSeconds: number;
}

/** Counts one event and tells when the address is over its limit; the oldest addresses are forgotten first. */
export function createRateWindow(limit: number, now: () => number): (address: string) => Excess | undefined {
  const windows = new Map<string, Window>();

  const windowOf = (address: string, at: number): Window => {
    const known = windows.get(address);
    if (known && at < known.endsAt && known.endsAt - at <= windowMs) return known;
    // Deleted first, so that insertion order stays the order of age.
    windows.delete(address);
    if (windows.size >= maxAddresses) windows.delete(windows.keys().next().value!);
    const made = { endsAt: at + windowMs, count: 0 };
    windows.set(address, made);
    return made;
  };

  return (address) => {
    const at = now();
    const window = windowOf(address, at);
    window.count++;
    if (window.count <= limit) return undefined;
    return { first: window.count === limit + 1, retryAfterSeconds: Math.ceil((window.endsAt - at) / 1000) };
  };
}
