/** How far the wall clock may be from the newest audit event, and from its own course, before it is not believed. */

export const clockLimits = {
  /** A jump against the monotonic clock, either way. */
  jumpMs: 60_000,
  /** Behind the newest audit event, at a start or a restore. */
  behindMs: 60_000,
  /** After the newest audit event, at a start: a longer silence needs `acceptClock`. */
  aheadMs: 90 * 86_400_000,
} as const;
