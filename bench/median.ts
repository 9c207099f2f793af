/** The middle of what several rounds measured: what the machine did besides in one of them does not count. */
export const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
