/** Port: the time. */

export interface Clock {
  /** Wall-clock time in Unix milliseconds; may jump, which services/guard-clock.ts notices. */
  now(): number;
  /** Milliseconds from an arbitrary start that never go back, for measuring durations and noticing jumps of `now`. */
  monotonic(): number;
  /** Milliseconds that the machine has slept, which `monotonic` does not count; absent where nobody knows. */
  asleep?(): number;
}
