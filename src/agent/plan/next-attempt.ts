/** When a target is looked at again: spread by chance, ever later after failures, sooner when its certificate is about to end. */
import type { TargetStatus } from '../../domain/rotation/target-status.ts';

const firstRetryMs = 15_000;
const longestRetryMs = 3_600_000;
/** Of its lifetime: below this a certificate is about to end. */
const nearTheEnd = 1 / 6;
const longestRetryNearTheEndMs = 300_000;

export interface NextAttempt {
  readonly status: Pick<TargetStatus, 'notBefore' | 'notAfter' | 'renewal' | 'failures' | 'lastError' | 'waitingFor'>;
  readonly pollMs: number;
  /** What the service said with its refusal; 0 when it said nothing. */
  readonly retryAfterMs: number;
  /** Unix milliseconds. */
  readonly now: number;
  readonly random: () => number;
}

/** Unix milliseconds, after `now`. */
export function nextAttemptAt({ status, pollMs, retryAfterMs, now, random }: NextAttempt): number {
  const pollWait = () => Math.min(pollMs, lifetimeOf(status) / 20) * (0.9 + 0.2 * random());
  if (status.failures > 0) {
    const longest = longestRetry(status, now);
    const backoff = Math.min(retryMs(status), longest) * (0.5 + random());
    const spread = isListAwaited(status) ? Math.min(backoff, pollWait()) : backoff;
    return now + Math.max(spread, Math.min(retryAfterMs, longest), 1000);
  }
  const poll = now + pollWait();
  const renewal = status.renewal === null ? poll : Date.parse(status.renewal.at);
  // A request that waits for approval is asked for at each poll. A time that is over was heeded by this turn: by a clock that is
  // ahead it is over for each new certificate, which must not be replaced at once by another.
  const due = status.waitingFor === null && renewal > now ? Math.min(poll, renewal) : poll;
  return Math.max(due, now + 1000);
}

/** A person has to import it. To look for it costs the service no more than a poll, and it is as urgent as what polls look for. */
const isListAwaited = ({ lastError }: NextAttempt['status']): boolean =>
  lastError?.code === 'crlMissing' || lastError?.code === 'crlUnusable';

const retryMs = ({ failures }: NextAttempt['status']): number => firstRetryMs * 2 ** Math.min(failures - 1, 20);

/** A life of minutes must not end between two attempts. */
const longestRetry = (status: NextAttempt['status'], now: number): number =>
  Math.min(remaining(status, now) < nearTheEnd ? longestRetryNearTheEndMs : longestRetryMs, lifetimeOf(status) / 20);

const lifetimeOf = ({ notBefore, notAfter }: Pick<TargetStatus, 'notBefore' | 'notAfter'>): number =>
  notBefore === null || notAfter === null ? Number.POSITIVE_INFINITY : Date.parse(notAfter) - Date.parse(notBefore);

/** What is left of the certificate's lifetime, as a share of it; all of it when there is none. */
export function remaining(status: Pick<TargetStatus, 'notBefore' | 'notAfter'>, now: number): number {
  return status.notAfter === null ? 1 : (Date.parse(status.notAfter) - now) / lifetimeOf(status);
}
