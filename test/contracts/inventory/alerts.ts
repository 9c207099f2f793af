/** Contract of the inventory: alerts that are open, the outbox of webhooks, and what they are about, counted. */
import { describe, expect, it } from 'vitest';
import { type AlertChanges, mostDeliveries } from '../../../src/ports/alert-store.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { countRotations } from '../../../src/services/rotating/count-rotations.ts';
import { alert } from '../../support/alert-builders.ts';
import { deploymentReport } from '../../support/deployment-builders.ts';
import {
  auditEntry,
  daySeconds,
  frozenNow,
  frozenNowSeconds,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const nothing: AlertChanges = { at: frozenNow, opened: [], counted: [], cleared: [], deliveries: [], audit: [] };
const delivery = (message: string, endpoint = 'ab') => ({
  message,
  endpoint: endpoint.repeat(32),
  body: `of ${message}`,
});

export function alertContract(makeStore: () => Promise<InventoryStore>): void {
  describe('alerts', () => {
    const opened = openedInventory(makeStore);
    const record = (changes: Partial<AlertChanges>) => opened.inventory.recordAlerts({ ...nothing, ...changes });

    it('are open from one act to another, over a restart, the longest open first', async () => {
      const [first, second] = [alert(), alert({ kind: 'crlStale', count: null, openedAt: frozenNow + 1 })];
      await record({ opened: [second, first], audit: [auditEntry({ kind: 'alert.opened' })] });
      const inventory = await opened.reopen();
      expect(await inventory.openAlerts()).toEqual([first, second]);
      await record({ cleared: [first.id], audit: [auditEntry({ kind: 'alert.cleared' })] });
      expect(await inventory.openAlerts()).toEqual([second]);
      expect((await inventory.counts()).auditEvents).toBe(2);
    });

    it('are opened once, and counted again', async () => {
      await record({ opened: [alert()] });
      await record({ opened: [alert({ openedAt: frozenNow + 9, count: 8 })] });
      expect(await opened.inventory.openAlerts()).toEqual([alert()]);
      await record({ counted: [{ id: alert().id, count: 5 }] });
      expect(await opened.inventory.openAlerts()).toEqual([alert({ count: 5 })]);
    });

    it('are delivered to each endpoint that is due, in their order, until they are settled', async () => {
      const [ab, cd] = ['ab'.repeat(32), 'cd'.repeat(32)];
      await record({ deliveries: [delivery('one'), delivery('one', 'cd')] });
      await record({ at: frozenNow + 1000, deliveries: [delivery('two')] });
      expect(await opened.inventory.dueEndpoints(frozenNow - 1)).toEqual([]);
      expect((await opened.inventory.dueEndpoints(frozenNow)).toSorted()).toEqual([ab, cd]);
      const [one, two] = await opened.inventory.deliveriesTo(ab, 10);
      expect([one, two]).toEqual([
        { id: expect.any(Number), attempts: 0, ...delivery('one') },
        { id: expect.any(Number), attempts: 0, ...delivery('two') },
      ]);
      await opened.inventory.settleDelivery(one!.id);
      const inventory = await opened.reopen();
      expect(await inventory.deliveriesTo(ab, 10)).toEqual([two]);
      expect(await inventory.deliveriesTo(cd, 10)).toHaveLength(1);
      expect(await inventory.pendingDeliveries()).toBe(2);
    });

    it('are put off together when their endpoint fails, and given up when they are old', async () => {
      const endpoint = 'ab'.repeat(32);
      await record({ deliveries: [delivery('old'), delivery('of another', 'cd')] });
      await record({ at: frozenNow + 1000, deliveries: [delivery('one'), delivery('two')] });
      const dueAt = frozenNow + 9000;
      const { inventory } = opened;
      expect(await inventory.postponeDeliveries({ endpoint, dueAt, givenUpBefore: frozenNow })).toBe(0);
      expect(await inventory.dueEndpoints(dueAt - 1)).toEqual(['cd'.repeat(32)]);
      expect(await inventory.postponeDeliveries({ endpoint, dueAt, givenUpBefore: frozenNow + 1 })).toBe(1);
      const left = await inventory.deliveriesTo(endpoint, 10);
      expect(left.map(({ message, attempts }) => [message, attempts])).toEqual([
        ['one', 2],
        ['two', 2],
      ]);
      expect(await inventory.dueEndpoints(dueAt)).toHaveLength(2);
      expect(await inventory.deliveriesTo(endpoint, 1)).toHaveLength(1);
    });

    it('wait for their delivery in bounded number: the oldest are given up', async () => {
      const many = Array.from({ length: mostDeliveries }, (_, index) => delivery(String(index)));
      expect(await record({ deliveries: many })).toBe(0);
      expect(await record({ deliveries: [delivery('newer'), delivery('newest')] })).toBe(2);
      expect(await opened.inventory.pendingDeliveries()).toBe(mostDeliveries);
      const [oldest] = await opened.inventory.deliveriesTo('ab'.repeat(32), 1);
      expect(oldest!.message).toBe('2');
    });
  });

  describe('what alerts are about', () => {
    const opened = openedInventory(makeStore);
    /** All slices together, without rests. */
    const countOf = (inventory: Inventory) =>
      countRotations(
        { inventory, clock: { monotonic: () => 0 }, isStopped: () => false },
        { now: frozenNowSeconds, boundsDays: [1, 7] },
      );

    /** Ends in so many days, with that share of its life over. */
    const certificate = (inventory: Inventory, days: number, override: Parameters<typeof recordCertificate>[1] = {}) =>
      recordCertificate(inventory, {
        notBefore: frozenNowSeconds - days * 6 * daySeconds,
        notAfter: frozenNowSeconds + days * daySeconds,
        ...override,
      });

    it('is counted by owner and by the nearest bound', async () => {
      const { inventory } = opened;
      for (const days of [0.5, 3, 3, 20]) await certificate(inventory, days);
      await certificate(inventory, 3, { owner: 'dev/other' });
      const counts = await countOf(inventory);
      expect(counts!.toSorted((a, b) => (a.owner < b.owner ? -1 : 1))).toEqual([
        { owner: 'dev/other', overdue: 1, expiring: [0, 1], failed: 0 },
        { owner: 'dev/product-a', overdue: 4, expiring: [1, 2], failed: 0 },
      ]);
    });

    it('leaves out what is young, followed, expired, revoked, not signed, or the service’s own', async () => {
      const { inventory } = opened;
      await certificate(inventory, 3, { notBefore: frozenNowSeconds - 14 * daySeconds });
      const { serial: old } = await certificate(inventory, 3);
      await recordCertificate(inventory, { predecessor: old });
      await certificate(inventory, -1);
      const { serial } = await certificate(inventory, 3);
      await inventory.revokeCertificate({ serial, revocation: { at: 1, reason: 'superseded' }, audit: auditEntry() });
      await certificate(inventory, 3, { purpose: 'server', owner: 'server' });
      expect(await countOf(inventory)).toEqual([]);
    });

    it('counts what failed at a target and is in force, every one of many', async () => {
      const { inventory } = opened;
      const fail = async (
        override: Parameters<typeof recordCertificate>[1] = {},
        servedSerial: string | null = null,
      ) => {
        const { serial } = await recordCertificate(inventory, override);
        const report = {
          ...deploymentReport({ outcome: 'failed', servedSerial }),
          serial,
          reportedAt: 1,
          reporter: 'x',
        };
        await inventory.recordDeployment(report, auditEntry());
        return serial;
      };
      await Promise.all(Array.from({ length: 1100 }, (_, index) => fail({}, index % 2 === 0 ? 'ab' : null)));
      const followed = await fail();
      await recordCertificate(inventory, { predecessor: followed });
      await fail({ notAfter: frozenNowSeconds - 1 });
      expect(await countOf(inventory)).toEqual([
        { owner: 'dev/product-a', overdue: 0, expiring: [0, 0], failed: 1100 },
      ]);
    });
  });
}
