/** When a target is looked at again after a refusal, and when the service is asked again. */
import { describe, expect, it } from 'vitest';
import { nextAttemptAt } from '#src/agent/plan/next-attempt.ts';
import { isTooSoon, longestSilenceMs } from '#src/agent/plan/renewal-time.ts';
import { emptyStatus } from '#src/domain/rotation/target-status.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const day = 86_400_000;
const text = (ms: number): string => new Date(ms).toISOString();

/** Of a certificate of thirty days, `left` of which remain. */
const afterFailures = (failures: number, retryAfterMs: number, left = 20 * day, life = 30 * day): number => {
  const notAfter = text(now + left);
  const status = { ...emptyStatus('web'), notBefore: text(now + left - life), notAfter, failures };
  return nextAttemptAt({ status, pollMs: 300_000, retryAfterMs, now, random: () => 0.5 }) - now;
};

describe('the next attempt after a failure', () => {
  it.each([
    ['doubles from 15 s when nothing was said', 3, 0, 60_000],
    ['waits as long as the service asks', 1, 120_000, 120_000],
    ['is no sooner than it would have been', 5, 1_000, 240_000],
    ['is within the hour, whatever the service asks', 1, 10 * day, 3_600_000],
  ])('%s', (_what, failures, retryAfterMs, expected) => {
    expect(afterFailures(failures, retryAfterMs)).toBe(expected);
  });

  it('is within five minutes when the certificate is about to end', () => {
    expect(afterFailures(1, 10 * day, day)).toBe(300_000);
  });

  it.each(['crlMissing', 'crlUnusable'])(
    'is no later than the next poll after %s: somebody imports the list',
    (code) => {
      const waitAfter = (failures: number) => {
        const lastError = { at: text(now), code, message: 'no list' };
        const times = { notBefore: text(now - 10 * day), notAfter: text(now + 20 * day) };
        const status = { ...emptyStatus('web'), ...times, failures, lastError };
        return nextAttemptAt({ status, pollMs: 300_000, retryAfterMs: 0, now, random: () => 0.5 }) - now;
      };
      expect([waitAfter(1), waitAfter(9), waitAfter(50)]).toEqual([15_000, 300_000, 300_000]);
    },
  );

  it('is within a twentieth of its life: a short one must not end between two attempts', () => {
    expect(afterFailures(20, 0, day / 48, day / 24)).toBe(day / 24 / 20);
    expect(afterFailures(20, 10 * day, day / 48, day / 24)).toBe(day / 24 / 20);
  });
});

it('a renewal time that is over brings nobody back before the next poll', () => {
  const times = { notBefore: text(now - day), notAfter: text(now + 29 * day) };
  const next = (at: number): number => {
    const renewal = { serial: '01', start: text(at), end: text(at), at: text(at), reason: 'lifetime' };
    const status = { ...emptyStatus('web'), ...times, renewal };
    return nextAttemptAt({ status, pollMs: 300_000, retryAfterMs: 0, now, random: () => 0.5 }) - now;
  };
  expect([next(now - day), next(now), next(now + 60_000), next(now + day)]).toEqual([
    ...[300_000, 300_000, 60_000, 300_000],
  ]);
});

describe('renewal information', () => {
  const life = (days: number) => ({ notBefore: text(now), notAfter: text(now + days * day) });

  it('is asked for again within twelve polls, and within a twentieth of the life', () => {
    expect(longestSilenceMs(life(30), 300_000)).toBe(3_600_000);
    expect(longestSilenceMs(life(1), 3_600_000)).toBe(day / 20);
  });

  it('is not asked for before its time, unless that time is of another clock', () => {
    const known = (askAgainAt?: string) => ({
      ...{ serial: '01', start: text(now), end: text(now), at: text(now), reason: 'lifetime' },
      ...(askAgainAt !== undefined && { askAgainAt }),
    });
    const isSoon = (askAgainAt?: string): boolean => isTooSoon(known(askAgainAt), now, 3_600_000);
    expect([isSoon(text(now + 1)), isSoon(text(now)), isSoon(), isTooSoon(null, now, 3_600_000)]).toEqual([
      ...[true, false, false, false],
    ]);
    expect(isSoon(text(now + day))).toBe(false);
  });
});
