/** Alerts, from condition to webhook, in the background: nothing else in the service waits for them. */
import { type Alert, alertKinds } from '../../domain/alerts/alert.ts';
import { gauge, type MetricFamily } from '../../domain/records/metric.ts';
import type { RotationCount } from '../../ports/alert-store.ts';
import { campaignFamily } from '../campaigns/campaign-progress.ts';
import { createWebhookDelivery, type DeliverWebhooksDeps, type WebhookTries } from './deliver-webhooks.ts';
import { createAlertWatch, type WatchAlertsDeps } from './watch-alerts.ts';

export interface AlertingDeps extends WatchAlertsDeps, DeliverWebhooksDeps {
  /** How many products the metrics show by name. */
  readonly metricsProducts: number;
}

export interface Alerting {
  /** Begins what is due, about once a second; the service never waits for its end. Never rejects. */
  tend(): Promise<void>;
  families(): Promise<readonly MetricFamily[]>;
  /** Begins nothing more; resolves when nothing is under way. */
  stop(): Promise<void>;
}

/** Conditions last for hours; the first look leaves a start alone. */
const firstLookMs = 15_000;
const lookEveryMs = 60_000;

export function createAlerting(deps: AlertingDeps): Alerting {
  const { clock } = deps;
  let stopped = false;
  const watch = createAlertWatch(deps, () => stopped);
  const delivery = createWebhookDelivery(deps);
  let lookAt = clock.monotonic() + firstLookMs;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    await watch.look();
    lookAt = clock.monotonic() + lookEveryMs;
    looking = undefined;
  };

  return {
    async tend() {
      if (stopped) return;
      if (clock.monotonic() >= lookAt) looking ??= look();
      await Promise.all([looking, delivery.deliver()]);
    },
    families: async () => [
      ...(await alertFamilies(deps)),
      ...deliveryFamilies(delivery.tries()),
      await campaignFamily(deps.inventory, Math.floor(clock.now() / 1000)),
      ...productFamilies(watch.counts() ?? [], deps.metricsProducts),
    ],
    async stop() {
      stopped = true;
      await Promise.all([looking, delivery.stop()]);
    },
  };
}

/** What cannot be read is left out: 0 would say that all is well. */
async function alertFamilies({ inventory }: AlertingDeps): Promise<MetricFamily[]> {
  const open = await inventory.openAlerts().catch(() => undefined);
  const pending = await inventory.pendingDeliveries().catch(() => undefined);
  const readings = (known: readonly Alert[]) =>
    alertKinds.map((kind) => ({ labels: { kind }, value: known.filter((alert) => alert.kind === kind).length }));
  return [
    gauge('privyseal_alerts', 'Open alerts by kind', open ? readings(open) : []),
    gauge(
      'privyseal_webhooks_pending',
      'Webhooks that are still to be delivered',
      pending === undefined ? [] : [{ value: pending }],
    ),
  ];
}

const deliveryFamilies = (tries: WebhookTries): MetricFamily[] => [
  {
    name: 'privyseal_webhook_tries',
    help: 'Tries to deliver a webhook that were delivered or failed, and messages that were given up',
    type: 'counter',
    samples: Object.entries(tries).map(([outcome, value]) => ({ suffix: '_total', labels: { outcome }, value })),
  },
];

/** Those with the most by name, the rest together. */
function productFamilies(counts: readonly RotationCount[], metricsProducts: number): MetricFamily[] {
  const readings = (countOf: (count: RotationCount) => number) => {
    const some = counts.filter((count) => countOf(count) > 0);
    const ranked = some.toSorted((a, b) => countOf(b) - countOf(a) || (a.owner < b.owner ? -1 : 1));
    const rest = ranked.slice(metricsProducts).reduce((sum, count) => sum + countOf(count), 0);
    const named = ranked
      .slice(0, metricsProducts)
      .map((count) => ({ labels: { product: count.owner }, value: countOf(count) }));
    return [...named, ...(rest > 0 ? [{ labels: { product: 'other' }, value: rest }] : [])];
  };
  return [
    gauge(
      'privyseal_rotation_overdue_certificates',
      'Valid certificates that should have been rotated by now',
      readings(({ overdue }) => overdue),
    ),
    gauge(
      'privyseal_deployment_failed_certificates',
      'Valid certificates in force of which a target failed',
      readings(({ failed }) => failed),
    ),
  ];
}
