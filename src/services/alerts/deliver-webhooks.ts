/** Empties the outbox of webhooks: each endpoint for itself, in order, again and again until it has what it is to get. */
import { keptForMs, retryPauseMs } from '../../domain/alerts/retry-schedule.ts';
import type { Delivery } from '../../ports/alert-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { WebhookOutcome, WebhookSender } from '../../ports/webhook-sender.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { endpointOf } from './watch-alerts.ts';

export interface DeliverWebhooksDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly webhooks: WebhookSender;
  readonly webhookUrls: readonly string[];
}

/** Tries that ended so, and messages that were given up. */
export type WebhookTries = Readonly<Record<'delivered' | 'failed' | 'givenUp', number>>;

export interface WebhookDelivery {
  /** Begins with each endpoint that is due and not busy; resolves when none is busy any more. Never rejects. */
  deliver(): Promise<void>;
  tries(): WebhookTries;
  /** Ends what is under way, which is tried again after the next start. */
  stop(): Promise<void>;
}

/** Messages to one endpoint in one go. */
const atOnce = 100;

export function createWebhookDelivery(deps: DeliverWebhooksDeps): WebhookDelivery {
  const { inventory, log } = deps;
  const urls = new Map(deps.webhookUrls.map((url) => [endpointOf(url), url]));
  const tries = { delivered: 0, failed: 0, givenUp: 0 };
  const stopping = new AbortController();
  const busy = new Map<string, Promise<void>>();

  const drop = async ({ id }: Delivery): Promise<void> => {
    await inventory.settleDelivery(id);
    tries.givenUp += 1;
  };

  /** Everything the endpoint is to get is put off: the next message would fail like this one. */
  const putOff = async (delivery: Delivery, askedSeconds = 0): Promise<void> => {
    const now = deps.clock.now();
    const random = Buffer.from(deps.randomness.bytes(4)).readUInt32BE() / 2 ** 32;
    const dueAt = now + retryPauseMs(delivery.attempts + 1, random, askedSeconds * 1000);
    const { endpoint } = delivery;
    tries.failed += 1;
    const givenUp = await inventory.postponeDeliveries({ endpoint, dueAt, givenUpBefore: now - keptForMs });
    tries.givenUp += givenUp;
    if (givenUp > 0) log.error({ givenUp }, 'webhooks were given up: they failed for too long');
  };

  /** True when the next one may follow. */
  const attempt = async (delivery: Delivery, url: string): Promise<boolean> => {
    const outcome = await send(deps, delivery, url, stopping.signal);
    if (outcome.kind === 'delivered') {
      await inventory.settleDelivery(delivery.id);
      tries.delivered += 1;
      return true;
    }
    if (stopping.signal.aborted) return false;
    const reason = outcome.kind === 'failed' ? outcome.reason : 'status 410';
    const { message, attempts } = delivery;
    log.warn({ host: new URL(url).host, reason, message, attempts: attempts + 1 }, 'a webhook was not delivered');
    if (outcome.kind === 'failed') await putOff(delivery, outcome.retryAfterSeconds);
    else await drop(delivery);
    return outcome.kind === 'gone';
  };

  const deliverTo = async (endpoint: string): Promise<void> => {
    const url = urls.get(endpoint);
    for (const delivery of await inventory.deliveriesTo(endpoint, atOnce)) {
      // What waits for an endpoint that is configured no more is told to nobody.
      if (url === undefined) await drop(delivery);
      else if (stopping.signal.aborted || !(await attempt(delivery, url))) return;
    }
  };

  const begin = (endpoint: string): void => {
    if (busy.has(endpoint) || stopping.signal.aborted) return;
    const ended = deliverTo(endpoint)
      .catch((error: unknown) => log.warn({ err: error }, 'webhooks could not be delivered; trying again'))
      .finally(() => busy.delete(endpoint));
    busy.set(endpoint, ended);
  };

  return {
    async deliver() {
      const due = await inventory.dueEndpoints(deps.clock.now()).catch((error: unknown) => {
        log.warn({ err: error }, 'webhooks could not be looked for; trying again');
        return [];
      });
      for (const endpoint of due) begin(endpoint);
      await Promise.all(busy.values());
    },
    tries: () => tries,
    async stop() {
      stopping.abort();
      await Promise.all(busy.values());
    },
  };
}

const send = (
  { webhooks, clock }: DeliverWebhooksDeps,
  { message, body }: Delivery,
  url: string,
  signal: AbortSignal,
): Promise<WebhookOutcome> =>
  webhooks.send({ url, id: message, body, timestamp: Math.floor(clock.now() / 1000) }, signal);
