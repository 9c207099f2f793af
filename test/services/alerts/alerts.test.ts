/** Alerts from condition to webhook, over the real inventory with a clock that is moved by hand. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandomness } from '../../../src/adapters/system-randomness.ts';
import type { CertificateRecord } from '../../../src/domain/records/certificate.ts';
import type { WebhookMessage, WebhookOutcome, WebhookSender } from '../../../src/ports/webhook-sender.ts';
import { type AlertingDeps, createAlerting } from '../../../src/services/alerts/alerting.ts';
import { endpointOf } from '../../../src/services/alerts/watch-alerts.ts';
import type { ExternalView } from '../../../src/services/authorities/external-authorities.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { deploymentReport } from '../../support/deployment-builders.ts';
import { admin, demoToken, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const day = 86_400;
const url = 'https://hooks.example.org/secret-path';
let homes = 0;
let service: TestService;
let lateAuthorities: string[] = [];
const external: ExternalView[] = [];

interface Told {
  readonly type: string;
  readonly data: { readonly id: string; readonly count: number };
}

/** Answers as it is told, and remembers what it was sent. */
function receiver(answer: (message: WebhookMessage) => WebhookOutcome | Promise<WebhookOutcome>) {
  const messages: WebhookMessage[] = [];
  const webhooks: WebhookSender = {
    send: async (message) => {
      messages.push(message);
      return answer(message);
    },
    close: async () => undefined,
  };
  const told = () =>
    messages.map(({ body }) => {
      const { type, data } = JSON.parse(body) as Told;
      return [type, data.id];
    });
  return { messages, webhooks, told };
}

const delivered = (): WebhookOutcome => ({ kind: 'delivered' });
const failed = (): WebhookOutcome => ({ kind: 'failed', reason: 'status 500' });

function alertingOf(webhooks: WebhookSender, override: Partial<AlertingDeps> = {}) {
  return createAlerting({
    inventory: service.inventory,
    clock: service.clock,
    randomness: systemRandomness,
    log: pino({ level: 'silent' }),
    crls: { lateAuthorities: () => lateAuthorities },
    external: { all: async () => external },
    webhooks,
    webhookUrls: [url],
    webhookKinds: [],
    alertDays: [7, 1],
    metricsProducts: 1,
    ...override,
  });
}

/** Some time later it is looked again, and what came of it is delivered. */
async function look(alerting: ReturnType<typeof createAlerting>, seconds = 61): Promise<void> {
  service.pass(seconds);
  await alerting.tend();
  await alerting.tend();
}

const issue = async (lifetimeSeconds = 30 * day): Promise<CertificateRecord> =>
  (await certified(service, await demoToken(service), { csrDer: buildCsr({ key: makeSigningKey() }), lifetimeSeconds }))
    .record;

const openIds = async () => (await service.services.listAlerts()).map(({ id }) => id);

async function fresh(): Promise<void> {
  await service?.close();
  homes += 1;
  lateAuthorities = [];
  service = await firstRunService({ home: folder(`home-${homes}`) });
}

describe('an alert', () => {
  beforeAll(fresh);
  afterAll(() => service.close());
  const { webhooks, told, messages } = receiver(delivered);

  it('opens when its condition is met, and is told once, however often it is met', async () => {
    const alerting = alertingOf(webhooks);
    const { serial } = await issue();
    await look(alerting);
    expect([await openIds(), told()]).toEqual([[], []]);
    await look(alerting, 26 * day);
    const ids = ['certificatesExpiring:dev/demo:7', 'rotationOverdue:dev/demo'];
    expect((await openIds()).sort()).toEqual(ids);
    for (let round = 0; round < 5; round++) await look(alerting);
    expect(told().sort()).toEqual(ids.map((id) => ['alert.opened', id]));
    expect(messages[0]).toMatchObject({ url, timestamp: expect.any(Number), id: expect.stringMatching(/^msg_/) });
    await service.services.revokeCertificate(admin, serial, { reason: 'superseded' });
  });

  it('clears when its condition has stayed away, also after a restart, and says so', async () => {
    const alerting = alertingOf(webhooks);
    messages.length = 0;
    await look(alerting);
    await look(alerting);
    expect([(await openIds()).length, told()]).toEqual([2, []]);
    await look(alerting, 601);
    expect(await openIds()).toEqual([]);
    expect(told().map(([type]) => type)).toEqual(['alert.cleared', 'alert.cleared']);
    const query = { kind: 'alert.cleared', sort: 'seq', limit: 9 } as const;
    expect(await service.inventory.searchAuditEvents(query)).toHaveLength(2);
  });

  it('stays open when its condition comes back soon', async () => {
    const alerting = alertingOf(webhooks);
    messages.length = 0;
    lateAuthorities = ['dev-issuing'];
    await look(alerting);
    lateAuthorities = [];
    await look(alerting, 300);
    lateAuthorities = ['dev-issuing'];
    await look(alerting, 300);
    lateAuthorities = [];
    await look(alerting, 300);
    expect([await openIds(), told()]).toEqual([['crlStale:dev-issuing'], [['alert.opened', 'crlStale:dev-issuing']]]);
    await look(alerting, 601);
    expect(await openIds()).toEqual([]);
  });

  it('is of a failed deployment until it is proved', async () => {
    const alerting = alertingOf(webhooks);
    const { serial } = await issue();
    const report = (outcome: 'failed' | 'proved') =>
      service.services.reportDeployment(admin, serial, deploymentReport({ outcome }));
    await report('failed');
    await look(alerting);
    expect(await openIds()).toEqual(['deploymentFailed:dev/demo']);
    await report('proved');
    await look(alerting, 61);
    await look(alerting, 601);
    expect(await openIds()).toEqual([]);
  });

  it('is of a campaign whose time is over, for as long as somebody waits in it', async () => {
    const alerting = alertingOf(webhooks);
    const { serial } = await issue();
    const rotateBy = new Date(service.clock.now() + 7200_000).toISOString();
    const order = { filter: { product: 'dev/demo' }, rotateBy };
    const { campaign } = await service.services.startCampaign(admin, order);
    await expect
      .poll(
        async () => {
          await service.housekeep();
          return (await service.services.readCampaign(campaign.id)).campaign.status;
        },
        { timeout: 30_000 },
      )
      .toBe('running');
    await look(alerting);
    expect(await openIds()).toEqual([]);
    await look(alerting, 7200);
    expect(await openIds()).toEqual([`campaignOverdue:${campaign.id}`]);
    await service.services.abandonCampaign(admin, campaign.id);
    await look(alerting, 601);
    await look(alerting, 601);
    expect(await openIds()).toEqual([]);
    await service.services.revokeCertificate(admin, serial, { reason: 'superseded' });
  });

  it('tells only the kinds that were chosen', async () => {
    const { webhooks: chosen, told: toldChosen } = receiver(delivered);
    const alerting = alertingOf(chosen, { webhookKinds: ['crlStale'] });
    const { serial } = await issue();
    await service.services.reportDeployment(admin, serial, deploymentReport({ outcome: 'failed' }));
    lateAuthorities = ['dev-root'];
    await look(alerting);
    expect((await openIds()).sort()).toEqual(['crlStale:dev-root', 'deploymentFailed:dev/demo']);
    expect(toldChosen()).toEqual([['alert.opened', 'crlStale:dev-root']]);
  });

  it('speaks of no product that wants none, and of one that wants critical ones only of what ends within a day', async () => {
    await fresh();
    const { messages, webhooks } = receiver(delivered);
    const alerting = alertingOf(webhooks);
    const {
      createdAt: _createdAt,
      removedAt: _removedAt,
      id,
      environment: _environment,
      ...product
    } = await service.services.readProduct('dev/demo');
    const want = async (version: number, alerts: string) =>
      service.services.changeProduct(admin, id, { ...product, version, alerts });
    await want(1, 'none');
    await issue(8 * day);
    service.pass(6.9 * day);
    await look(alerting);
    expect([await openIds(), messages]).toEqual([[], []]);
    await want(2, 'critical');
    await look(alerting);
    expect(await openIds()).toEqual([]);
    service.pass(0.2 * day);
    await look(alerting);
    expect(await openIds()).toEqual(['certificatesExpiring:dev/demo:1']);
    await want(3, 'all');
    await look(alerting);
    expect((await openIds()).toSorted()).toEqual(['certificatesExpiring:dev/demo:1', 'rotationOverdue:dev/demo']);
  });

  it('is not opened by a clock that is not believed', async () => {
    const alerting = alertingOf(webhooks);
    const before = await openIds();
    service.jump(400 * day);
    await look(alerting);
    expect(await openIds()).toEqual(before);
  });
});

describe('a webhook', () => {
  beforeAll(fresh);
  afterAll(() => service.close());

  const raise = async (alerting: ReturnType<typeof createAlerting>) => {
    lateAuthorities = [...lateAuthorities, `authority-${lateAuthorities.length}`];
    await look(alerting);
  };

  it('that fails is sent again, the same with the time of the try, ever later, and after a restart', async () => {
    let answer = failed;
    const { webhooks, messages } = receiver(() => answer());
    const alerting = alertingOf(webhooks);
    await raise(alerting);
    expect(messages).toHaveLength(1);
    await alerting.tend();
    expect(messages).toHaveLength(1);
    service.pass(5);
    await alerting.tend();
    expect(messages).toHaveLength(2);
    await alerting.stop();
    answer = delivered;
    const restarted = alertingOf(webhooks);
    service.pass(10);
    await restarted.tend();
    expect(messages).toHaveLength(3);
    const [first, , third] = messages;
    expect([third!.id, third!.body]).toEqual([first!.id, first!.body]);
    expect(third!.timestamp).toBe(first!.timestamp + 15);
    expect(await service.inventory.pendingDeliveries()).toBe(0);
  });

  it('is given up in the end, at once for 410, and when its endpoint is configured no more', async () => {
    const { webhooks, messages } = receiver(failed);
    const alerting = alertingOf(webhooks);
    await raise(alerting);
    for (let hours = 0; hours <= 72; hours += 6) {
      service.pass(6 * 3600);
      await alerting.tend();
    }
    expect(messages.length).toBeGreaterThan(10);
    expect(await service.inventory.pendingDeliveries()).toBe(0);
    await raise(alertingOf(receiver(() => ({ kind: 'gone' })).webhooks));
    expect(await service.inventory.pendingDeliveries()).toBe(0);
    await raise(alerting);
    expect(await service.inventory.pendingDeliveries()).toBe(1);
    service.pass(60);
    await alertingOf(webhooks, { webhookUrls: [] }).tend();
    expect(await service.inventory.pendingDeliveries()).toBe(0);
  });

  it('waits behind an earlier one that fails, and all follow when that is delivered', async () => {
    let answer = failed;
    const { webhooks, messages, told } = receiver(() => answer());
    const alerting = alertingOf(webhooks);
    for (let count = 0; count < 3; count++) await raise(alerting);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(1);
    answer = delivered;
    messages.length = 0;
    service.pass(3600);
    await alerting.tend();
    expect(told()).toHaveLength(3);
    expect(told().toSorted()).toEqual(told());
  });

  it('waits as long as the receiver asks', async () => {
    const { webhooks, messages } = receiver(() => ({ kind: 'failed', reason: 'status 429', retryAfterSeconds: 120 }));
    const alerting = alertingOf(webhooks);
    await raise(alerting);
    service.pass(119);
    await alerting.tend();
    expect(messages).toHaveLength(1);
    service.pass(1);
    await alerting.tend();
    expect(messages).toHaveLength(2);
    await alertingOf(webhooks, { webhookUrls: [] }).tend();
    service.pass(3600);
    await alertingOf(webhooks, { webhookUrls: [] }).tend();
  });

  it('that hangs keeps neither another endpoint waiting nor anything else', async () => {
    const other = 'https://other.example.org/';
    let letGo = (): void => undefined;
    const hanging = new Promise<WebhookOutcome>((resolve) => (letGo = () => resolve(failed())));
    const { webhooks, messages } = receiver((message) => (message.url === url ? hanging : delivered()));
    const alerting = alertingOf(webhooks, { webhookUrls: [url, other] });
    lateAuthorities = [...lateAuthorities, 'one-more'];
    service.pass(61);
    await alerting.tend();
    const under = alerting.tend();
    await expect.poll(() => messages.map((message) => message.url).sort()).toEqual([url, other].sort());
    await issue();
    letGo();
    await under;
    expect(await service.inventory.pendingDeliveries()).toBe(1);
  });

  it('is counted in the metrics, with what is open and overdue', async () => {
    const { webhooks } = receiver(delivered);
    const alerting = alertingOf(webhooks);
    await issue();
    const rotateBy = new Date(service.clock.now() + 3_600_000).toISOString();
    const order = { filter: { product: 'dev/demo' }, rotateBy };
    const { campaign } = await service.services.startCampaign(admin, order);
    await service.housekeep();
    await look(alerting, 26 * day);
    const samples = (await alerting.families()).flatMap(({ name, samples }) =>
      samples.map(({ suffix, labels, value }) => [`${name}${suffix}`, Object.values(labels).join(), value]),
    );
    expect(samples).toEqual(
      expect.arrayContaining([
        ['privyseal_campaign_members', `${campaign.id},overdue`, 2],
        ['privyseal_campaign_members', `${campaign.id},waiting`, 0],
        ['privyseal_alerts', 'rotationOverdue', 1],
        ['privyseal_alerts', 'deploymentFailed', 0],
        ['privyseal_rotation_overdue_certificates', 'dev/demo', 2],
        ['privyseal_webhooks_pending', '', 0],
        ['privyseal_webhook_tries_total', 'failed', 0],
      ]),
    );
    expect(
      samples.find(([name, outcome]) => name === 'privyseal_webhook_tries_total' && outcome === 'delivered')?.[2],
    ).toBeGreaterThan(0);
  });

  it('holds its URL nowhere in the inventory', async () => {
    const { webhooks } = receiver(failed);
    await raise(alertingOf(webhooks));
    const pending = await service.inventory.deliveriesTo(endpointOf(url), 10);
    expect(pending.length).toBeGreaterThan(0);
    expect(JSON.stringify(pending)).not.toContain('hooks.example.org');
    const files = ['privyseal.db', 'privyseal.db-wal'].map((name) => join(folder(`home-${homes}`), name));
    const everything = files.map((file) => readFileSync(file, 'latin1')).join('');
    expect(everything).toContain(pending[0]!.message);
    expect(everything).not.toContain('secret-path');
  });
});
