/** What is the case now that somebody should know of. */
import type { AlertCondition } from '../domain/alerts/alert.ts';
import type { RotationCount } from '../ports/alert-store.ts';

/** `boundsDays` are those that were counted by; each certificate is in one of them alone, the nearest to its end. */
export function rotationConditions(
  counts: readonly RotationCount[],
  boundsDays: readonly number[],
): readonly AlertCondition[] {
  return counts.flatMap(({ owner: subject, overdue, expiring, failed }): AlertCondition[] =>
    [
      { kind: 'rotationOverdue' as const, subject, withinDays: null, count: overdue },
      { kind: 'deploymentFailed' as const, subject, withinDays: null, count: failed },
      ...boundsDays.map((withinDays, band) => ({
        kind: 'certificatesExpiring' as const,
        subject,
        withinDays,
        count: expiring[band] ?? 0,
      })),
    ].filter(({ count }) => count > 0),
  );
}

export const crlConditions = (lateAuthorities: readonly string[]): readonly AlertCondition[] =>
  lateAuthorities.map((subject) => ({ kind: 'crlStale', subject, withinDays: null, count: null }));
