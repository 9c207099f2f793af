/** Empties the outbox of webhooks: each endpoint for itself, in order, again and again until it has what it is to get. */
import { retryPauseMs } from '../domain/alerts/retry-schedule.ts';
import type { Delivery } from '../ports/alert-store.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Log } from '../ports/log.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { WebhookOutcome, WebhookSender } from '../ports/webhook-sender.ts';
import type { GuardedClock } from './guard-clock.ts';
import { endpointOf } from './watch-alerts.ts';

export interface DeliverWebhooksDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly webhooks: WebhookSender;
  readonly webhookUrls: readonly string[];
}

/** How tries ended: `failed` are tried again, `givenUp` are not. */
export type TryOutcome = 'delivered' | 'failed' | 'givenUp';

export interface WebhookDelivery {
  /** One round: what is due now. Never rejects. */
  deliver(): Promise<void>;
  tries(): Readonly<Record<TryOutcome, number>>;
  /** Ends what is under way; those are tried again after the next start. */
  stop(): void;
}

/** Looked at in one round; what is behind them has its turn a second later. */
const atOnce = 100;

export function createWebhookDelivery(deps: DeliverWebhooksDeps): WebhookDelivery {
  const { inventory, log } = deps;
  const urls = new Map(deps.webhookUrls.map((url) => [endpointOf(url), url]));
  const tries = { delivered: 0, failed: 0, givenUp: 0 };
  const stopping = new AbortController();

  const attempt = async (delivery: Delivery): Promise<TryOutcome> => {
    const url = urls.get(delivery.endpoint);
    // It is configured no more.
    const outcome = url === undefined ? ({ kind: 'gone' } as const) : await send(deps, delivery, url, stopping.signal);
    if (stopping.signal.aborted && outcome.kind !== 'delivered') return 'failed';
    const dueAt = nextTry(deps, delivery, outcome);
    await inventory.settleDelivery({ id: delivery.id, dueAt });
    const ended = outcome.kind === 'delivered' ? 'delivered' : dueAt === null ? 'givenUp' : 'failed';
    tries[ended] += 1;
    if (ended !== 'delivered') {
      const host = url === undefined ? 'none' : new URL(url).host;
      const reason = outcome.kind === 'failed' ? outcome.reason : outcome.kind;
      log.warn(
        { host, reason, message: delivery.message, attempts: delivery.attempts + 1, ended },
        'a webhook was not delivered',
      );
    }
    return ended;
  };

  /** An endpoint that fails is left alone for this round: the others of it would fail likewise. */
  const deliverTo = async (deliveries: readonly Delivery[]): Promise<void> => {
    for (const delivery of deliveries) {
      if (stopping.signal.aborted || (await attempt(delivery)) === 'failed') return;
    }
  };

  const deliver = async (): Promise<void> => {
    const due = await inventory.dueDeliveries(deps.clock.now(), atOnce);
    const byEndpoint = Map.groupBy(due, ({ endpoint }) => endpoint);
    await Promise.all(Array.from(byEndpoint.values(), deliverTo));
  };

  return {
    deliver: () =>
      deliver().catch((error: unknown) => log.warn({ err: error }, 'webhooks could not be delivered; trying again')),
    tries: () => tries,
    stop: () => stopping.abort(),
  };
}

const send = (
  { webhooks, clock }: DeliverWebhooksDeps,
  { message, body }: Delivery,
  url: string,
  signal: AbortSignal,
): Promise<WebhookOutcome> =>
  webhooks.send({ url, id: message, body, timestamp: Math.floor(clock.now() / 1000) }, signal);

/** Null when there is none. */
function nextTry(
  { clock, randomness }: DeliverWebhooksDeps,
  { attempts }: Delivery,
  outcome: WebhookOutcome,
): number | null {
  if (outcome.kind !== 'failed') return null;
  const random = Buffer.from(randomness.bytes(4)).readUInt32BE() / 2 ** 32;
  const pause = retryPauseMs(attempts + 1, random, (outcome.retryAfterSeconds ?? 0) * 1000);
  return pause === undefined ? null : clock.now() + pause;
}
