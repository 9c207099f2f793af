/** What holds now and somebody should know of: the conditions of which alerts are made. */
import { type AlertCondition, alertSeverity } from '../../domain/alerts/alert.ts';
import { reminderDays } from '../../domain/alerts/imported-lists.ts';
import type { ProductAlerts } from '../../domain/records/environment.ts';
import type { RotationCount } from '../../ports/alert-store.ts';
import type { CampaignStore } from '../../ports/campaign-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { ExternalView } from '../authorities/external-authorities.ts';

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

const isWanted: Readonly<Record<ProductAlerts, (condition: AlertCondition) => boolean>> = {
  all: () => true,
  critical: (condition) => alertSeverity(condition) === 'critical',
  none: () => false,
};

/** Of conditions of products those that each product wants to be told of; of one that was removed all. */
export async function wantedByProduct(
  inventory: Pick<Inventory, 'product'>,
  conditions: readonly AlertCondition[],
): Promise<readonly AlertCondition[]> {
  const subjects = [...new Set(conditions.map(({ subject }) => subject))];
  const products = await Promise.all(subjects.map((id) => inventory.product(id)));
  const wanted = new Map(products.map((product, index) => [subjects[index], isWanted[product?.alerts ?? 'all']]));
  return conditions.filter((condition) => wanted.get(condition.subject)!(condition));
}

export const crlConditions = (lateAuthorities: readonly string[]): readonly AlertCondition[] =>
  lateAuthorities.map((subject) => ({ kind: 'crlStale', subject, withinDays: null, count: null }));

/** `now` in Unix seconds. */
export const importedCrlConditions = (views: readonly ExternalView[], now: number): readonly AlertCondition[] =>
  views.flatMap(({ external: { name: subject }, crl }): AlertCondition[] => {
    if (!crl) return [{ kind: 'importedCrlMissing', subject, withinDays: null, count: null }];
    const withinDays = reminderDays(crl, now);
    return withinDays === null ? [] : [{ kind: 'importedCrlEnding', subject, withinDays, count: null }];
  });

/** What still waits in campaigns whose time is over. `now` in Unix seconds. */
export async function campaignConditions(
  inventory: Pick<CampaignStore, 'campaignsUnderWay' | 'memberCounts'>,
  now: number,
): Promise<readonly AlertCondition[]> {
  const conditions: AlertCondition[] = [];
  for (const { id, status, rotateBy } of await inventory.campaignsUnderWay()) {
    if (status !== 'running' || rotateBy > now) continue;
    const waiting = (await inventory.memberCounts(id)).filter(({ state }) => state === 'waiting');
    const count = waiting.reduce((sum, { certificates }) => sum + certificates, 0);
    if (count > 0) conditions.push({ kind: 'campaignOverdue', subject: id, withinDays: null, count });
  }
  return conditions;
}
