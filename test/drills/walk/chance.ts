/** Chance that comes again with its seed. */
export interface Chance {
  /** True so often, of 1. */
  happens(probability: number): boolean;
  /** 0 to `end` - 1. */
  below(end: number): number;
  /** Undefined of none. */
  oneOf<T>(values: readonly T[]): T | undefined;
}

/** Mulberry32: short, and good enough to choose acts. */
export function chanceOf(seed: number): Chance {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return { happens: (probability) => next() < probability, below, oneOf: (values) => values[below(values.length)] };
}
