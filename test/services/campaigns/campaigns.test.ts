/** Campaigns over the real inventory: planned, recorded in steps, spread, followed, paused, revoked, ended, across restarts. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import { renewalWindow } from '../../../src/domain/policy/renewal-window.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { rotated } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { certificateDetails, recordCertificate } from '../../support/inventory-builders.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { admin, demoToken, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
const hour = 3600;
const day = 24 * hour;
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

const nowOf = ({ clock }: Pick<TestService, 'clock'>): number => Math.floor(clock.now() / 1000);
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const order = (on: TestService, owner: string, more: object = {}) => ({
  filter: { product: owner },
  rotateBy: iso(nowOf(on) + day),
  ...more,
});

let products = 0;
/** Good certificates of a product of their own, written as they would be issued. */
async function population(on: TestService, count: number): Promise<{ owner: string; serials: readonly string[] }> {
  products += 1;
  const name = `fleet-${products}`;
  const { id: owner } = await on.services.createProduct(admin, { environment: 'dev', name, nameRules: ['fleet.dev'] });
  const requestedAt = on.clock.now() - 60_000;
  const now = nowOf(on);
  const records = Array.from({ length: count }, (_, index) =>
    recordCertificate(on.inventory, {
      owner,
      requestedAt: requestedAt + (index % 7),
      notBefore: now - 60,
      notAfter: now + 90 * day,
    }),
  );
  return { owner, serials: (await Promise.all(records)).map(({ serial }) => serial) };
}

/** A successor as rotation records it. */
const follow = (on: TestService, predecessor: string, owner: string) =>
  recordCertificate(on.inventory, {
    owner,
    predecessor,
    requestedAt: on.clock.now(),
    notBefore: nowOf(on),
    notAfter: nowOf(on) + 90 * day,
  });

const refusalOf = async (call: Promise<unknown>) => {
  const { code, reasons } = (await rejectionOf(call)) as CaError;
  return { code, reasons: reasons.map((reason) => `${reason.code} ${reason.field}`) };
};

async function running(on: TestService, owner: string, more: object = {}): Promise<string> {
  const { campaign } = await on.services.startCampaign(admin, order(on, owner, more));
  await expect
    .poll(
      async () => {
        await on.housekeep();
        return (await on.services.readCampaign(campaign.id)).campaign.status;
      },
      { timeout: 30_000 },
    )
    .toBe('running');
  return campaign.id;
}

describe('a plan', () => {
  it('counts by product and hour, changes nothing, and holds the rate', async () => {
    const { owner } = await population(service, 480);
    const plan = await service.services.planCampaign(order(service, owner));
    expect(plan).toMatchObject({ certificates: 480, products: [{ product: owner, certificates: 480 }] });
    expect(plan.load.reduce((sum, { rotations }) => sum + rotations, 0)).toBe(480);
    expect(plan.load).toHaveLength(24);
    expect(plan.mostPerHour).toBeLessThanOrEqual(480 / 24 + 3);
    expect((await service.services.listCampaigns({ limit: 10 })).items).toEqual([]);
  });

  it('of a deadline in the far future is made at once, with all of its members in its bars', async () => {
    const { owner } = await population(service, 3);
    const plan = await service.services.planCampaign({ ...order(service, owner), rotateBy: '9999-12-31T23:59:59Z' });
    expect(plan.load.reduce((sum, { rotations }) => sum + rotations, 0)).toBe(3);
  });

  it.each([1e300, 1_795_300_000_000, true, null, '', '2027-02-30T00:00:00Z', '2027-03-01T24:00:00Z'])(
    'takes no %s for a time',
    async (rotateBy) => {
      const raw = { filter: { product: 'dev/demo', 'notAfter.before': rotateBy }, rotateBy, revokeAt: rotateBy };
      const { code, reasons } = await refusalOf(service.services.planCampaign(raw));
      const wrong = ['invalidField filter.notAfter.before', 'invalidField rotateBy'];
      expect([code, reasons]).toEqual(['policyRefused', expect.arrayContaining(wrong)]);
    },
  );

  it('is refused with every reason at once', async () => {
    const past = iso(nowOf(service) - 1);
    const refuse = (raw: unknown) => refusalOf(service.services.planCampaign(raw));
    expect(await refuse({ filter: {}, rotateBy: past, revokeAt: iso(nowOf(service) - 2), surprise: 1 })).toEqual({
      code: 'policyRefused',
      reasons: [
        'invalidField surprise',
        'campaignWithoutFilter filter',
        'deadlinePassed rotateBy',
        'revokedBeforeDeadline revokeAt',
      ],
    });
    expect(
      await refuse({ filter: { colour: 'red', issuer: 'x', name: '*.', key: 'y', q: 'z' }, rotateBy: 'soon' }),
    ).toEqual({
      code: 'policyRefused',
      reasons: [
        'invalidField filter.colour',
        'invalidField filter.issuer',
        'invalidField filter.name',
        'invalidField filter.key',
        'invalidField filter.q',
        'invalidField rotateBy',
      ],
    });
    for (const raw of [undefined, null, [], 'all', 7]) expect((await refuse(raw)).code).toBe('policyRefused');
    await service.services.createProduct(admin, { environment: 'dev', name: 'nobody', nameRules: ['nobody.dev'] });
    expect(await refuse(order(service, 'dev/nobody'))).toEqual({
      code: 'policyRefused',
      reasons: ['campaignWithoutMembers filter'],
    });
  });

  it('takes any filter of the list, one value or several', async () => {
    const { owner } = await population(service, 1);
    const filter = {
      environment: ['dev'],
      product: [owner, 'dev/demo'],
      profile: 'server',
      authority: 'dev-issuing',
      name: '*.dev.internal',
      'notAfter.after': iso(nowOf(service)),
      'notAfter.before': iso(nowOf(service) + 91 * day),
      'issued.after': iso(nowOf(service) - 2 * day),
      'issued.before': iso(nowOf(service) + day),
      requestedBy: 'token:demo',
      q: 'DEMO',
    };
    const plan = await service.services.planCampaign(order(service, owner, { filter }));
    expect(plan.certificates).toBe(1);
  });
});

describe('the windows of a campaign', () => {
  const record = { serial: '00'.repeat(20), notBefore: 0, notAfter: 1000 * day, revocation: null, successor: null };

  it('are within its time, and any hundred neighbours fill it evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500_000 }), fc.integer({ min: 60, max: 90 * day }), (first, span) => {
        const starts = Array.from({ length: 100 }, (_, index) => {
          const turn = { status: 'running', position: first + index, spreadFrom: 0, rotateBy: span } as const;
          const { start, end, reason } = renewalWindow(record, [turn]);
          expect([start >= 0, end <= span, start <= end, reason]).toEqual([true, true, true, 'campaign']);
          return start / (span * (23 / 24));
        });
        // Each tenth of the time has its ten, give or take a few.
        for (let tenth = 0; tenth < 10; tenth++) {
          const within = starts.filter((share) => share >= tenth / 10 && share < (tenth + 1) / 10).length;
          if (span > day) expect(within).toBeGreaterThanOrEqual(7);
          if (span > day) expect(within).toBeLessThanOrEqual(13);
        }
      }),
    );
  });

  it('give way to a window that ends before, to a pause, to a successor and to a revocation', () => {
    const turn = { status: 'running', position: 3, spreadFrom: 0, rotateBy: 2000 * day } as const;
    const soon = { ...turn, rotateBy: day };
    expect(renewalWindow(record, [turn]).reason).toBe('lifetime');
    expect(renewalWindow(record, [turn, soon]).reason).toBe('campaign');
    expect(renewalWindow(record, [{ ...soon, status: 'paused' }]).reason).toBe('lifetime');
    expect(renewalWindow({ ...record, successor: 'ab' }, [soon]).reason).toBe('superseded');
    const revocation = { at: 1, reason: 'superseded' } as const;
    expect(renewalWindow({ ...record, revocation }, [soon]).reason).toBe('revoked');
  });
});

describe('a campaign', () => {
  it('records its members in steps, fixed at its start, while others are issued', async () => {
    const { owner, serials } = await population(service, 600);
    const { campaign } = await service.services.startCampaign(
      admin,
      order(service, owner, { description: 'Übung \u001b[31m' }),
    );
    expect(campaign.description).toBe('Übung \\u{1b}[31m');
    expect(campaign).toMatchObject({ status: 'collecting', expected: 600, members: 0, startedBy: 'operator:admin' });
    service.pass(1);
    const { serial: late } = await recordCertificate(service.inventory, {
      ...certificateDetails({ owner, requestedAt: service.clock.now(), notAfter: nowOf(service) + 90 * day }),
    });
    await service.housekeep();
    await service.housekeep();
    const view = await service.services.readCampaign(campaign.id);
    expect(view.campaign).toMatchObject({ status: 'running', members: 600 });
    expect(view.progress).toEqual({ waiting: 600, overdue: 0, rotated: 0, proved: 0, failed: 0 });
    expect((await service.services.renewalInfo(late)).reason).toBe('lifetime');
    const info = await service.services.renewalInfo(serials[17]!);
    expect([info.reason, info.retryAfterSeconds]).toEqual(['campaign', 300]);
    expect(info.end).toBeLessThanOrEqual(campaign.rotateBy);
  });

  it('goes on recording after a restart, and no member is recorded twice', async () => {
    const home = folder('restarted');
    let on = await firstRunService({ home });
    const { owner } = await population(on, 700);
    const { campaign } = await on.services.startCampaign(admin, order(on, owner));
    const found = await on.inventory.searchCertificates({
      owner,
      sort: 'requestedAt',
      limit: 300,
      now: nowOf(on),
    });
    const last = found.at(-1)!;
    await on.inventory.recordMembers({
      campaign: campaign.id,
      members: found.map(({ serial }) => ({ serial, product: owner })),
      upTo: { sortValue: last.requestedAt, serial: last.serial },
      at: on.clock.now(),
      audit: { at: on.clock.now(), kind: 'campaign.collected', actor: 'service', object: `campaign:${campaign.id}` },
    });
    await on.close();
    on = await openService({ home });
    await on.housekeep();
    expect((await on.services.readCampaign(campaign.id)).campaign).toMatchObject({ status: 'running', members: 700 });
    await on.close();
  });

  it('tells waiting, rotated, proved, overdue and failed apart, by product and with reasons', async () => {
    const { owner, serials } = await population(service, 6);
    const id = await running(service, owner);
    const successors = await Promise.all(serials.slice(0, 4).map((serial) => follow(service, serial, owner)));
    const report = (index: number, outcome: 'proved' | 'failed') =>
      service.inventory.recordDeployment(
        {
          serial: successors[index]!.serial,
          target: 'web-1',
          outcome,
          endpoint: null,
          servedSerial: null,
          detail: null,
          trustSha256: [],
          reportedAt: service.clock.now(),
          reporter: `product:${owner}`,
        },
        { at: service.clock.now(), kind: 'certificate.deployed', actor: 'test', object: 'test' },
      );
    await report(0, 'proved');
    await report(1, 'failed');
    await service.services.revokeCertificate(admin, serials[4]!, { reason: 'keyCompromise' });
    await service.services.revokeCertificate(admin, successors[2]!.serial, { reason: 'keyCompromise' });
    const counts = { waiting: 1, overdue: 0, rotated: 1, proved: 1, failed: 3 };
    const view = await service.services.readCampaign(id);
    expect(view.progress).toEqual(counts);
    expect(view.products).toEqual([{ product: owner, ...counts }]);
    expect(view.failures.toSorted((a, b) => (a.reason < b.reason ? -1 : 1))).toEqual([
      { reason: 'deploymentFailed', certificates: 1 },
      { reason: 'revoked', certificates: 1 },
      { reason: 'successorRevoked', certificates: 1 },
    ]);
    await report(1, 'proved');
    expect((await service.services.readCampaign(id)).progress).toMatchObject({ proved: 2, failed: 2 });
    service.pass(day + 1);
    expect((await service.services.readCampaign(id)).progress).toMatchObject({ waiting: 0, overdue: 1 });
  });

  it('moves the window of a real rotation on: the predecessor is superseded at once', async () => {
    const csrDer = buildCsr({ key: makeSigningKey(), names: ['demo.dev.internal'] });
    const submitted = await service.services.submitRequest(await demoToken(service), { csrDer, profile: 'peer' });
    if (submitted.kind !== 'certificate') throw new Error('it waits');
    const { serial } = submitted.view.record;
    const id = await running(service, 'dev/demo');
    expect((await service.services.renewalInfo(serial)).reason).toBe('campaign');
    const itself: Caller = { kind: 'product', product: 'dev/demo', serial };
    await rotated(service, itself, serial, { csrDer: buildCsr({ key: makeSigningKey() }) });
    expect((await service.services.renewalInfo(serial)).reason).toBe('superseded');
    expect((await service.services.readCampaign(id)).progress).toMatchObject({ waiting: 0, rotated: 1 });
    await service.housekeep();
    const { campaign } = await service.services.readCampaign(id);
    expect([campaign.status, campaign.endedAt]).toEqual(['ended', service.clock.now()]);
  });

  it('can be paused, resumed over what is left, and abandoned; each time its windows change', async () => {
    const { owner, serials } = await population(service, 20);
    const id = await running(service, owner);
    const reason = async () => (await service.services.renewalInfo(serials[0]!)).reason;
    expect(await reason()).toBe('campaign');
    expect((await service.services.pauseCampaign(admin, id)).campaign.status).toBe('paused');
    expect(await reason()).toBe('lifetime');
    expect((await refusalOf(service.services.pauseCampaign(admin, id))).code).toBe('conflict');
    service.pass(hour);
    const resumed = await service.services.resumeCampaign(admin, id, {});
    expect(resumed.campaign).toMatchObject({ status: 'running', spreadFrom: nowOf(service) });
    expect((await service.services.renewalInfo(serials[0]!)).start).toBeGreaterThanOrEqual(nowOf(service));
    await service.services.pauseCampaign(admin, id);
    service.pass(day);
    expect(await refusalOf(service.services.resumeCampaign(admin, id, {}))).toEqual({
      code: 'policyRefused',
      reasons: ['deadlinePassed rotateBy'],
    });
    const rotateBy = nowOf(service) + day;
    const again = await service.services.resumeCampaign(admin, id, { rotateBy: iso(rotateBy) });
    expect(again.campaign).toMatchObject({ status: 'running', rotateBy });
    expect((await service.services.abandonCampaign(admin, id)).campaign.status).toBe('abandoned');
    expect(await reason()).toBe('lifetime');
    for (const call of [
      service.services.abandonCampaign(admin, id),
      service.services.resumeCampaign(admin, id, { rotateBy: iso(rotateBy) }),
    ]) {
      expect((await refusalOf(call)).code).toBe('conflict');
    }
    expect((await refusalOf(service.services.readCampaign('nonsense'))).code).toBe('notFound');
    const events = await service.inventory.auditEvents(0, 100_000);
    expect(events.filter(({ object }) => object === `campaign:${id}`).map(({ kind }) => kind)).toEqual([
      'campaign.started',
      'campaign.collected',
      'campaign.paused',
      'campaign.resumed',
      'campaign.paused',
      'campaign.resumed',
      'campaign.abandoned',
    ]);
  });

  it('revokes every member at its time, not before, not while it is paused, and then ends', async () => {
    const home = folder('revoking');
    let on = await firstRunService({ home });
    const { owner, serials } = await population(on, 130);
    const id = await running(on, owner, { revokeAt: iso(nowOf(on) + 2 * day) });
    await follow(on, serials[0]!, owner);
    on.pass(2 * day - 1);
    await on.housekeep();
    const isRevoked = async (serial: string) => (await on.inventory.certificate(serial))?.revocation?.reason;
    expect(await isRevoked(serials[0]!)).toBeUndefined();
    await on.services.pauseCampaign(admin, id);
    on.pass(1);
    await on.housekeep();
    expect(await isRevoked(serials[1]!)).toBeUndefined();
    await on.services.resumeCampaign(admin, id, {
      rotateBy: iso(nowOf(on) + hour),
      revokeAt: iso(nowOf(on) + 2 * hour),
    });
    await on.close();

    on = await openService({ home });
    on.pass(2 * day + 2 * hour);
    for (let round = 0; round < 3; round++) await on.housekeep();
    for (const serial of serials) expect(await isRevoked(serial)).toBe('superseded');
    const view = await on.services.readCampaign(id);
    expect(view.campaign.status).toBe('ended');
    expect(view.progress).toMatchObject({ rotated: 1, failed: 129 });
    expect(view.failures).toEqual([{ reason: 'revoked', certificates: 129 }]);
    const events = await on.inventory.auditEvents(0, 100_000);
    const byService = events.filter(({ kind, actor }) => kind === 'certificate.revoked' && actor === 'service');
    expect(byService.filter(({ details }) => details?.campaign === id)).toHaveLength(130);
    await on.close();
  });

  it('revokes what was on hold at its start, too, released meanwhile or not', async () => {
    const on = await firstRunService({ home: folder('held') });
    const { owner, serials } = await population(on, 3);
    const [released, held] = serials as [string, string, string];
    const hold = { reason: 'certificateHold' };
    for (const serial of [released, held]) await on.services.revokeCertificate(admin, serial, hold);
    const id = await running(on, owner, { revokeAt: iso(nowOf(on) + 2 * day) });
    expect((await on.services.readCampaign(id)).progress).toMatchObject({ waiting: 3 });
    await on.services.releaseCertificate(admin, released);
    on.pass(2 * day);
    for (let round = 0; round < 2; round++) await on.housekeep();
    for (const serial of serials) {
      expect((await on.inventory.certificate(serial))?.revocation?.reason).toBe('superseded');
    }
    expect((await on.services.readCampaign(id)).campaign.status).toBe('ended');
    await on.close();
  });

  it('has no member that was on hold when it expired', async () => {
    const on = await firstRunService({ home: folder('held-to-the-end') });
    const { owner, serials } = await population(on, 1);
    await on.services.revokeCertificate(admin, serials[0]!, { reason: 'certificateHold' });
    expect(await on.services.planCampaign(order(on, owner))).toMatchObject({ certificates: 1 });
    on.pass(91 * day);
    expect(await refusalOf(on.services.planCampaign(order(on, owner)))).toEqual({
      code: 'policyRefused',
      reasons: ['campaignWithoutMembers filter'],
    });
    await on.close();
  });

  it('goes on while the one before it cannot', async () => {
    const stuck: string[] = [];
    const wrapInventory = (inventory: Inventory): Inventory =>
      new Proxy(inventory, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (asked: { campaign?: string }, ...more: unknown[]) =>
            name === 'recordMembers' && stuck.includes(asked.campaign ?? '')
              ? Promise.reject(new CaError('inventoryUnavailable', 'not these'))
              : value.call(target, asked, ...more);
        },
      });
    const on = await firstRunService({ home: folder('stuck'), wrapInventory });
    const [first, second] = [await population(on, 1), await population(on, 1)];
    stuck.push((await on.services.startCampaign(admin, order(on, first.owner))).campaign.id);
    // The other comes after it in each round.
    on.pass(1);
    await running(on, second.owner);
    expect((await on.services.readCampaign(stuck[0]!)).campaign.status).toBe('collecting');
    await on.close();
  });

  it('is done with members that have expired by then', async () => {
    const on = await firstRunService({ home: folder('expired') });
    const { owner, serials } = await population(on, 2);
    const id = await running(on, owner, { revokeAt: iso(nowOf(on) + 100 * day) });
    on.pass(100 * day + 1);
    await on.housekeep();
    const view = await on.services.readCampaign(id);
    expect(view.failures).toEqual([{ reason: 'expired', certificates: 2 }]);
    expect((await on.inventory.certificate(serials[0]!))?.revocation).toBeNull();
    expect(view.campaign.status).toBe('ended');
    await on.close();
  });

  it('ends without revoking anybody when those that still wait have expired', async () => {
    const on = await firstRunService({ home: folder('left') });
    const { owner, serials } = await population(on, 3);
    const id = await running(on, owner);
    await follow(on, serials[1]!, owner);
    on.pass(91 * day);
    await on.housekeep();
    const view = await on.services.readCampaign(id);
    expect(view.progress).toMatchObject({ rotated: 1, failed: 2 });
    expect(view.failures).toEqual([{ reason: 'expired', certificates: 2 }]);
    expect(view.campaign.status).toBe('ended');
    await on.close();
  });

  it('lists its members in pages, and says who is overdue once the time is over', async () => {
    const { owner, serials } = await population(service, 5);
    const id = await running(service, owner);
    await follow(service, serials[0]!, owner);
    const list = (input: object = {}) => service.services.listCampaignMembers(id, { limit: 2, ...input });
    const first = await list({ states: ['waiting'] });
    const second = await list({ states: ['waiting'], cursor: first.nextCursor! });
    const waiting = [...first.items, ...second.items];
    expect(waiting.map(({ serial }) => serial).toSorted()).toEqual(serials.slice(1).toSorted());
    expect([waiting.every(({ state }) => state === 'waiting'), second.nextCursor]).toEqual([true, null]);
    expect((await list({ states: ['overdue'] })).items).toEqual([]);
    expect((await list({ states: ['rotated', 'overdue'] })).items).toMatchObject([{ serial: serials[0] }]);
    expect((await list({ products: ['dev/nobody'] })).items).toEqual([]);
    service.pass(day + 1);
    expect((await list({ states: ['waiting'] })).items).toEqual([]);
    expect((await list({ states: ['overdue'], limit: 9 })).items).toHaveLength(4);
    const ofAnother = list({ states: ['rotated'], cursor: first.nextCursor! });
    expect(await refusalOf(ofAnother)).toEqual({ code: 'malformed', reasons: ['invalidField cursor'] });
    expect((await refusalOf(service.services.listCampaignMembers('none', { limit: 1 }))).code).toBe('notFound');
  });

  it('is listed newest first, in pages', async () => {
    const on = await firstRunService({ home: folder('listed') });
    const { owner } = await population(on, 1);
    const started: string[] = [];
    for (let index = 0; index < 3; index++) {
      on.pass(1);
      started.unshift((await on.services.startCampaign(admin, order(on, owner))).campaign.id);
    }
    const first = await on.services.listCampaigns({ limit: 2 });
    const second = await on.services.listCampaigns({ limit: 2, cursor: first.nextCursor! });
    expect([...first.items, ...second.items].map(({ campaign }) => campaign.id)).toEqual(started);
    expect(second.nextCursor).toBeNull();
    await on.close();
  });
});
