/** Contract of the inventory: campaigns, their members, and what becomes of them as certificates change. */
import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../../src/domain/records/campaign.ts';
import { makeRequestId } from '../../../src/domain/records/request-id.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import {
  auditEntry,
  daySeconds,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  randomHex,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const campaignRecord = (override: Partial<Campaign> = {}): Campaign => ({
  id: makeRequestId(frozenNow, Buffer.from(randomHex(10), 'hex')),
  status: 'collecting',
  filter: { environment: ['dev'], notAfterBefore: frozenNowSeconds + daySeconds },
  rotateBy: frozenNowSeconds + daySeconds,
  revokeAt: null,
  description: 'a drill',
  startedAt: frozenNow,
  startedBy: 'operator:admin',
  endedAt: null,
  expected: 3,
  members: 0,
  spreadFrom: frozenNowSeconds,
  ...override,
});

const entry = (id: string) => auditEntry({ kind: 'campaign.started', object: `campaign:${id}` });

const found = (id: string, serials: readonly string[], upTo: string | null = null) => ({
  campaign: id,
  members: serials.map((serial) => ({ serial, product: 'dev/product-a' })),
  upTo: upTo === null ? null : { sortValue: frozenNow, serial: upTo },
  at: frozenNow + 5000,
  audit: entry(id),
});

/** One that runs with so many members. */
async function running(inventory: Inventory, count: number, override: Partial<Campaign> = {}) {
  const campaign = campaignRecord(override);
  const records = await Promise.all(Array.from({ length: count }, () => recordCertificate(inventory)));
  const serials = records.map(({ serial }) => serial);
  await inventory.createCampaign(campaign, entry(campaign.id));
  await inventory.recordMembers(found(campaign.id, serials));
  return { id: campaign.id, serials };
}

const revoking = (serial: string, reason: 'keyCompromise' | 'certificateHold' = 'keyCompromise') => ({
  serial,
  revocation: { at: frozenNowSeconds + 60, reason },
  audit: auditEntry({ kind: 'certificate.revoked', object: `certificate:${serial}` }),
});

const counted = async (inventory: Inventory, id: string) =>
  (await inventory.memberCounts(id)).map(({ state, failure, certificates }) => [state, failure, certificates]);

export function campaignContract(makeStore: () => Promise<InventoryStore>): void {
  describe('campaigns', () => {
    const opened = openedInventory(makeStore);

    it('are begun, collected and run each on its own, each with its event', async () => {
      const { inventory } = opened;
      const [one, other] = [campaignRecord(), campaignRecord()];
      const { serial } = await recordCertificate(inventory);
      const { auditEvents } = await inventory.counts();
      for (const campaign of [other, one]) await inventory.createCampaign(campaign, entry(campaign.id));
      await inventory.recordMembers(found(one.id, [serial], serial));
      expect(await inventory.campaign(one.id)).toMatchObject({ status: 'collecting', members: 1 });
      await inventory.recordMembers(found(one.id, []));
      expect(await inventory.campaign(one.id)).toMatchObject({ status: 'running', members: 1 });
      expect(await inventory.campaign(other.id)).toEqual(other);
      expect((await inventory.counts()).auditEvents).toBe(auditEvents + 3);
    });

    it('are read back as they were made, newest first', async () => {
      const { inventory } = opened;
      const older = campaignRecord({ id: makeRequestId(frozenNow - 2, new Uint8Array(10)) });
      const newer = campaignRecord({ id: makeRequestId(frozenNow - 1, new Uint8Array(10)), revokeAt: 2 ** 31 });
      for (const campaign of [older, newer]) await inventory.createCampaign(campaign, entry(campaign.id));
      expect(await inventory.campaign(newer.id)).toEqual(newer);
      expect(await inventory.campaign('none')).toBeUndefined();
      const [first, second] = await inventory.campaigns({
        before: makeRequestId(frozenNow, new Uint8Array(10)),
        limit: 2,
      });
      expect([first, second]).toEqual([newer, older]);
      for (const { id } of [older, newer]) {
        await inventory.changeCampaign({ id, from: ['collecting'], to: 'abandoned', at: frozenNow, audit: entry(id) });
      }
    });

    it('record members in steps, each once, and only those that are good or on hold, and not followed', async () => {
      const { inventory } = opened;
      const campaign = campaignRecord();
      const { id } = campaign;
      await inventory.createCampaign(campaign, entry(id));
      const [one, two, revoked, followed, held] = await Promise.all(
        Array.from({ length: 5 }, async () => (await recordCertificate(inventory)).serial),
      );
      await inventory.revokeCertificate(revoking(revoked!));
      await inventory.revokeCertificate(revoking(held!, 'certificateHold'));
      await recordCertificate(inventory, { predecessor: followed! });
      expect(await inventory.recordMembers(found(id, [one!, revoked!], one!))).toBe(true);
      const underWay = (await inventory.campaignsUnderWay()).find((each) => each.id === id);
      expect(underWay).toMatchObject({ members: 1, collectedUpTo: { sortValue: frozenNow, serial: one } });
      expect(await inventory.recordMembers(found(id, [one!, two!, followed!, held!]))).toBe(true);
      expect(await inventory.campaign(id)).toMatchObject({
        status: 'running',
        members: 3,
        spreadFrom: frozenNowSeconds + 5,
      });
      expect(await inventory.recordMembers(found(id, [followed!]))).toBe(false);
      expect(await counted(inventory, id)).toEqual([['waiting', null, 3]]);
      const turns = await Promise.all([one!, two!, followed!, held!].map((serial) => inventory.campaignTurns(serial)));
      expect(turns.map((each) => each.map(({ position }) => position))).toEqual([[1], [2], [], [3]]);
    });

    it('are changed only from the statuses that were named', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 1);
      const at = frozenNow + 9000;
      const change = (from: Campaign['status'], to: Campaign['status']) =>
        inventory.changeCampaign({ id, from: [from], to, at, audit: entry(id) });
      expect(await change('paused', 'running')).toMatchObject({ kind: 'conflict', campaign: { status: 'running' } });
      expect(await change('running', 'paused')).toMatchObject({ kind: 'done', campaign: { status: 'paused' } });
      expect(await inventory.campaignTurns(serials[0]!)).toMatchObject([{ status: 'paused', position: 1 }]);
      const times = { rotateBy: 2 ** 31, revokeAt: 2 ** 31 + 1, spreadFrom: 2 ** 30 };
      const resuming = { id, from: ['paused'] as const, to: 'running' as const, times, at, audit: entry(id) };
      expect(await inventory.changeCampaign(resuming)).toMatchObject({ campaign: { status: 'running', ...times } });
      expect(await change('running', 'abandoned')).toMatchObject({ campaign: { status: 'abandoned', endedAt: at } });
      expect(await inventory.campaignTurns(serials[0]!)).toEqual([]);
      const nobody = { id: 'none', from: ['running'] as const, to: 'paused' as const, at, audit: entry('none') };
      expect(await inventory.changeCampaign(nobody)).toEqual({ kind: 'notFound' });
    });

    it('follow their members: rotated when the successor is issued, not when it is intended', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 3);
      const intent = issuanceIntent({ predecessor: serials[0]! });
      await inventory.recordIntent(intent);
      expect(await counted(inventory, id)).toEqual([['waiting', null, 3]]);
      const { serial } = intent.certificate;
      await inventory.closeIntent({
        serial,
        at: frozenNow + 1,
        audit: auditEntry({ kind: 'certificate.intentClosed' }),
      });
      expect(await counted(inventory, id)).toEqual([['waiting', null, 3]]);
      const successor = await recordCertificate(inventory, { predecessor: serials[0]! });
      await inventory.revokeCertificate(revoking(serials[1]!, 'certificateHold'));
      expect(await counted(inventory, id)).toEqual([
        ['rotated', null, 1],
        ['waiting', null, 2],
      ]);
      await inventory.revokeCertificate(revoking(serials[1]!));
      await inventory.revokeCertificate(revoking(successor.serial));
      expect(await counted(inventory, id)).toEqual([
        ['failed', 'revoked', 1],
        ['failed', 'successorRevoked', 1],
        ['waiting', null, 1],
      ]);
    });

    it('keep a member rotated whose successor was itself followed before it was revoked', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 1);
      const successor = await recordCertificate(inventory, { predecessor: serials[0]! });
      await recordCertificate(inventory, { predecessor: successor.serial });
      await inventory.revokeCertificate(revoking(successor.serial));
      expect(await counted(inventory, id)).toEqual([['rotated', null, 1]]);
    });

    it('have members proved, or failed, by what is reported of their successors', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 1);
      const { serial } = await recordCertificate(inventory, { predecessor: serials[0]! });
      const report = (outcome: 'proved' | 'failed' | 'deployed') =>
        inventory.recordDeployment(
          {
            serial,
            target: 'web-1',
            outcome,
            endpoint: null,
            servedSerial: null,
            detail: null,
            trustSha256: [],
            reportedAt: frozenNow + 10,
            reporter: 'product:dev/product-a',
          },
          auditEntry({ kind: 'certificate.deployed' }),
        );
      for (const [outcome, state, failure] of [
        ['failed', 'failed', 'deploymentFailed'],
        ['deployed', 'rotated', null],
        ['proved', 'proved', null],
      ] as const) {
        await report(outcome);
        expect(await counted(inventory, id)).toEqual([[state, failure, 1]]);
      }
      // What is reported of one on hold counts once it is released.
      for (const [outcome, before, after] of [
        ['failed', ['proved', null, 1], ['failed', 'deploymentFailed', 1]],
        ['proved', ['failed', 'deploymentFailed', 1], ['proved', null, 1]],
      ] as const) {
        await inventory.revokeCertificate(revoking(serial, 'certificateHold'));
        await report(outcome);
        expect(await counted(inventory, id)).toEqual([before]);
        await inventory.releaseCertificate({ serial, audit: auditEntry({ kind: 'certificate.released' }) });
        expect(await counted(inventory, id)).toEqual([after]);
      }
    });

    it('list their members in order, by state and product, those in the archive among them', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 4);
      const successor = await recordCertificate(inventory, { predecessor: serials[1]! });
      await inventory.revokeCertificate(revoking(serials[2]!));
      await inventory.archiveCertificates({ serials: [serials[3]!], audit: auditEntry() });
      const list = (query: object = {}) => inventory.campaignMembers({ campaign: id, limit: 10, ...query });
      const all = await list();
      expect(all.map(({ serial, position, state, failure }) => [serial, position, state, failure])).toEqual([
        [serials[0], 1, 'waiting', null],
        [serials[1], 2, 'rotated', null],
        [serials[2], 3, 'failed', 'revoked'],
        [serials[3], 4, 'waiting', null],
      ]);
      expect(all[1]).toMatchObject({ product: 'dev/product-a', successor: successor.serial });
      const { names, notAfter } = (await inventory.certificate(serials[3]!))!;
      expect(all[3]).toMatchObject({ name: names[0], notAfter, successor: null });
      const positions = async (query: object) => (await list(query)).map(({ position }) => position);
      expect(await positions({ states: ['waiting', 'failed'] })).toEqual([1, 3, 4]);
      expect(await positions({ states: ['waiting'], after: 1, limit: 1 })).toEqual([4]);
      expect(await positions({ states: [] })).toEqual([]);
      expect(await positions({ products: ['dev/product-a', 'dev/other'], limit: 2 })).toEqual([1, 2]);
      expect(await positions({ products: ['dev/other'] })).toEqual([]);
      expect(await positions({ campaign: 'none' })).toEqual([]);
    });

    it('fail those among some of their members that wait although they have expired', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 4);
      await recordCertificate(inventory, { predecessor: serials[1]! });
      const look = (after: number, at: number) => inventory.expireMembers({ campaign: id, after, count: 2, at });
      const late = frozenNowSeconds + 91 * daySeconds;
      await look(0, frozenNowSeconds);
      expect(await counted(inventory, id)).toEqual([
        ['rotated', null, 1],
        ['waiting', null, 3],
      ]);
      await look(0, late);
      expect(await counted(inventory, id)).toContainEqual(['waiting', null, 2]);
      await inventory.archiveCertificates({ serials: [serials[3]!], audit: auditEntry() });
      await look(2, frozenNowSeconds + daySeconds);
      expect(await counted(inventory, id)).toEqual([
        ['failed', 'expired', 2],
        ['rotated', null, 1],
        ['waiting', null, 1],
      ]);
    });

    it('revoke a member for good that is on hold', async () => {
      const { inventory } = opened;
      const revokeAt = frozenNowSeconds + 2 * daySeconds;
      const { id, serials } = await running(inventory, 1, { revokeAt });
      const [serial] = serials as [string];
      await inventory.revokeCertificate(revoking(serial, 'certificateHold'));
      const member = { campaign: id, serial, at: revokeAt, audit: auditEntry({ kind: 'certificate.revoked' }) };
      expect(await inventory.revokeMember(member)).toMatchObject({ revocation: { reason: 'superseded' } });
      expect((await inventory.certificate(serial))?.revocation).toEqual({ at: revokeAt, reason: 'superseded' });
    });

    it('that revoke nothing end once every member has rotated', async () => {
      const { inventory } = opened;
      const { id, serials } = await running(inventory, 2, { revokeAt: null });
      const end = () => inventory.endCampaign({ id, at: frozenNow + 1, audit: entry(id) });
      await recordCertificate(inventory, { predecessor: serials[0]! });
      expect(await end()).toBe(false);
      await recordCertificate(inventory, { predecessor: serials[1]! });
      expect(await end()).toBe(true);
    });

    it('decide about their own members alone, each time with an event', async () => {
      const { inventory } = opened;
      const revokeAt = frozenNowSeconds + daySeconds;
      const own = await running(inventory, 2, { revokeAt });
      const other = await running(inventory, 2, { revokeAt });
      const plain = await running(inventory, 1, { revokeAt: null });
      const { auditEvents } = await inventory.counts();
      const revoke = (serial: string) =>
        inventory.revokeMember({ campaign: own.id, serial, at: revokeAt, audit: auditEntry() });
      expect(await revoke(other.serials[0]!)).toBeUndefined();
      expect((await inventory.certificate(other.serials[0]!))?.state).toBe('issued');
      expect(await revoke(own.serials[0]!)).toMatchObject({ state: 'revoked' });
      await inventory.expireMembers({ campaign: own.id, after: 0, count: 9, at: 2 ** 40 });
      expect(await counted(inventory, own.id)).toEqual([
        ['failed', 'expired', 1],
        ['failed', 'revoked', 1],
      ]);
      expect(await counted(inventory, other.id)).toEqual([['waiting', null, 2]]);
      await recordCertificate(inventory, { predecessor: plain.serials[0]! });
      expect(await inventory.endCampaign({ id: plain.id, at: frozenNow + 1, audit: entry(plain.id) })).toBe(true);
      const pausing = { id: other.id, from: ['running'], to: 'paused', at: frozenNow, audit: entry(other.id) } as const;
      expect((await inventory.changeCampaign(pausing)).kind).toBe('done');
      // Two of them for the successor.
      expect((await inventory.counts()).auditEvents).toBe(auditEvents + 5);
    });

    it('spread from the time that was asked for, or from when their members were known, if that was later', async () => {
      const { inventory } = opened;
      const known = Math.floor((frozenNow + 5000) / 1000);
      for (const spreadFrom of [frozenNowSeconds, frozenNowSeconds + daySeconds]) {
        const { id } = await running(inventory, 1, { spreadFrom });
        const campaign = await inventory.campaign(id);
        expect(campaign?.spreadFrom).toBe(Math.max(spreadFrom, known));
        await inventory.changeCampaign({ id, from: ['running'], to: 'abandoned', at: frozenNow, audit: entry(id) });
      }
    });

    it('revoke members once, at their time, while they run, and then end', async () => {
      const { inventory } = opened;
      const revokeAt = frozenNowSeconds + 2 * daySeconds;
      const { id, serials } = await running(inventory, 3, { revokeAt });
      await recordCertificate(inventory, { predecessor: serials[0]! });
      await inventory.revokeCertificate(revoking(serials[2]!));
      expect(await inventory.membersToRevoke(id, 10)).toEqual([serials[0], serials[1]]);
      const revoke = (serial: string, at: number) =>
        inventory.revokeMember({ campaign: id, serial, at, audit: auditEntry({ kind: 'certificate.revoked' }) });
      const end = () => inventory.endCampaign({ id, at: frozenNow + 1, audit: entry(id) });
      expect(await revoke(serials[0]!, revokeAt - 1)).toBeUndefined();
      expect(await end()).toBe(false);
      const change = (from: Campaign['status'], to: 'paused' | 'running') =>
        inventory.changeCampaign({ id, from: [from], to, at: frozenNow, audit: entry(id) });
      await change('running', 'paused');
      expect(await revoke(serials[0]!, revokeAt)).toBeUndefined();
      expect((await inventory.certificate(serials[0]!))?.revocation).toBeNull();
      await change('paused', 'running');
      expect(await revoke(serials[0]!, revokeAt)).toMatchObject({ revocation: { at: revokeAt, reason: 'superseded' } });
      expect(await revoke(serials[0]!, revokeAt)).toBeUndefined();
      expect(await end()).toBe(false);
      expect(await revoke(serials[1]!, frozenNowSeconds + 91 * daySeconds)).toBeUndefined();
      expect((await inventory.certificate(serials[1]!))?.revocation).toBeNull();
      expect(await inventory.membersToRevoke(id, 10)).toEqual([]);
      expect(await counted(inventory, id)).toEqual([
        ['failed', 'expired', 1],
        ['failed', 'revoked', 1],
        ['rotated', null, 1],
      ]);
      expect(await end()).toBe(true);
      expect(await inventory.campaign(id)).toMatchObject({ status: 'ended', endedAt: frozenNow + 1 });
      expect(await end()).toBe(false);
    });
  });
}
