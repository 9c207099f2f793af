/** Repeats a request that may only have stumbled: a few times, ever longer pauses with jitter, all within one limit of time. */
import { setTimeout as pause } from 'node:timers/promises';
import { BaoError, troubles } from './bao-trouble.ts';

const mostTries = 4;
const firstPauseMs = 40;
/** A try that has less is not worth making. */
const leastTryMs = 50;

/** `attempt` must be safe to repeat. It is given its own limit: half of what is left, so that one that hangs is not the last. */
export async function tryAgain<T>(timeLimitMs: number, attempt: (timeLimitMs: number) => Promise<T>): Promise<T> {
  const end = performance.now() + timeLimitMs;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(Math.max(leastTryMs, (end - performance.now()) / 2));
    } catch (error) {
      if (!(error instanceof BaoError) || !troubles[error.trouble].again || tries === mostTries) throw error;
      // A kept connection that the backend closed says nothing of the backend: the next one is new.
      const pauseMs = error.trouble === 'reset' && tries === 1 ? 0 : firstPauseMs * 2 ** tries * Math.random();
      const wait = Math.max(pauseMs, error.retryAfterSeconds * 1000);
      if (performance.now() + wait + leastTryMs > end) throw error;
      await pause(wait);
    }
  }
}
