/** Opens an alert when its condition comes, clears it when that has stayed away, and is quiet in between. */
import { hash } from 'node:crypto';
import { type Alert, type AlertCondition, type AlertKind, alertId } from '../../domain/alerts/alert.ts';
import { type WebhookEvent, webhookBody } from '../../domain/alerts/webhook-message.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { AlertChanges, RotationCount } from '../../ports/alert-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { ExternalDirectory } from '../authorities/external-authorities.ts';
import { externalInUse } from '../authorities/external-in-use.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { CrlPublisher } from '../revoking/publish-crl.ts';
import { countRotations } from '../rotating/count-rotations.ts';
import {
  campaignConditions,
  crlConditions,
  importedCrlConditions,
  rotationConditions,
  wantedByProduct,
} from './alert-conditions.ts';

export interface WatchAlertsDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly crls: Pick<CrlPublisher, 'lateAuthorities'>;
  readonly external: Pick<ExternalDirectory, 'all'>;
  /** Thresholds of `certificatesExpiring`. */
  readonly alertDays: readonly number[];
  readonly webhookUrls: readonly string[];
  /** Alerts of other kinds are told to nobody; empty: of all kinds. */
  readonly webhookKinds: readonly AlertKind[];
}

export interface AlertWatch {
  /** One round, which ends early when the watch is stopped; never rejects. */
  look(): Promise<void>;
  /** As counted in the last round; undefined before the first. */
  counts(): readonly RotationCount[] | undefined;
}

/** A condition that comes and goes within this time is one alert. */
const clearAfterMs = 10 * 60_000;

export function createAlertWatch(deps: WatchAlertsDeps, isStopped: () => boolean): AlertWatch {
  const { inventory, clock, log } = deps;
  const boundsDays = [...new Set(deps.alertDays)].sort((a, b) => a - b);
  /** Monotonic milliseconds, by id; an alert from before the start counts as met when it is first seen. */
  const lastMet = new Map<string, number>();
  let counted: readonly RotationCount[] | undefined;

  /** Undefined when it was stopped. */
  const conditionsNow = async (): Promise<readonly AlertCondition[] | undefined> => {
    const now = Math.floor(clock.now() / 1000);
    const counts = await countRotations({ inventory, clock, isStopped }, { now, boundsDays });
    if (!counts) return undefined;
    counted = counts;
    return [
      ...(await wantedByProduct(inventory, rotationConditions(counts, boundsDays))),
      ...(await campaignConditions(inventory, now)),
      ...crlConditions(deps.crls.lateAuthorities()),
      ...importedCrlConditions(await externalInUse(deps, now), now),
    ];
  };

  const look = async (): Promise<void> => {
    // What a clock that is not believed makes of dates is nothing to wake people for.
    if (clock.problem() !== undefined) return;
    const met = await conditionsNow();
    if (!met) return;
    const conditions = new Map(met.map((condition) => [alertId(condition), condition]));
    const open = await inventory.openAlerts();
    for (const { id } of open) if (!lastMet.has(id) || conditions.has(id)) lastMet.set(id, clock.monotonic());
    const hasStayedAway = (id: string): boolean => clock.monotonic() - (lastMet.get(id) ?? 0) >= clearAfterMs;
    const changes = changesFrom(deps, {
      opened: [...conditions]
        .filter(([id]) => !open.some((alert) => alert.id === id))
        .map(([, condition]) => condition),
      counted: open
        .filter(({ id, count }) => conditions.has(id) && conditions.get(id)!.count !== count)
        .map(({ id }) => conditions.get(id)!),
      cleared: open.filter(({ id }) => !conditions.has(id) && hasStayedAway(id)),
    });
    if (!changes) return;
    const givenUp = await inventory.recordAlerts(changes);
    for (const id of changes.cleared) lastMet.delete(id);
    if (givenUp > 0) log.error({ givenUp }, 'too many webhooks wait: the oldest were given up');
  };

  return {
    look: () =>
      look().catch((error: unknown) => log.warn({ err: error }, 'the alerts could not be looked at; trying again')),
    counts: () => counted,
  };
}

interface Difference {
  readonly opened: readonly AlertCondition[];
  readonly counted: readonly AlertCondition[];
  readonly cleared: readonly Alert[];
}

/** Undefined when there is nothing to record. */
function changesFrom(deps: WatchAlertsDeps, { opened, counted, cleared }: Difference): AlertChanges | undefined {
  if (opened.length + counted.length + cleared.length === 0) return undefined;
  const at = deps.clock.now();
  const alerts = opened.map((condition): Alert => ({ ...condition, id: alertId(condition), openedAt: at }));
  const told = (type: WebhookEvent) => (alert: Alert) => deliveriesOf(deps, { type, alert, at });
  return {
    at,
    opened: alerts,
    counted: counted.map((condition) => ({ id: alertId(condition), count: condition.count })),
    cleared: cleared.map(({ id }) => id),
    deliveries: [...alerts.flatMap(told('alert.opened')), ...cleared.flatMap(told('alert.cleared'))],
    audit: [...alerts.map(auditOf(at, 'alert.opened')), ...cleared.map(auditOf(at, 'alert.cleared'))],
  };
}

const auditOf =
  (at: number, kind: 'alert.opened' | 'alert.cleared') =>
  ({ id, count }: Alert): AuditEntry => ({ at, kind, actor: 'service', object: `alert:${id}`, details: { count } });

/** One message, to each endpoint. */
function deliveriesOf(
  { randomness, webhookUrls, webhookKinds }: WatchAlertsDeps,
  { type, alert, at }: { readonly type: WebhookEvent; readonly alert: Alert; readonly at: number },
): AlertChanges['deliveries'] {
  if (webhookKinds.length > 0 && !webhookKinds.includes(alert.kind)) return [];
  const message = `msg_${Buffer.from(randomness.bytes(18)).toString('base64url')}`;
  return webhookUrls.map((url) => ({ message, endpoint: endpointOf(url), body: webhookBody(type, alert, at) }));
}

/** What an endpoint is known by in the inventory: its URL may hold a secret. */
export const endpointOf = (url: string): string => hash('sha256', url, 'hex');
