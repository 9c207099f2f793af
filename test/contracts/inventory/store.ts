/** Contract of the inventory: settings, counts, the write check, and what closing means. */
import { describe, expect, it } from 'vitest';
import type { CertificateDetails } from '../../../src/domain/records/certificate.ts';
import {
  auditEntry,
  daySeconds,
  frozenNowSeconds,
  issuanceIntent,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

export function storeContract(makeStore: () => Promise<InventoryStore>): void {
  describe('the store', () => {
    const opened = openedInventory(makeStore);

    it('keeps settings, the last value of each', async () => {
      expect(await opened.inventory.setting('cursorKey')).toBeUndefined();
      await opened.inventory.setSetting('cursorKey', 'one');
      await opened.inventory.setSetting('cursorKey', 'two');
      await opened.inventory.setSetting('alertKey', 'other');
      const inventory = await opened.reopen();
      expect([await inventory.setting('cursorKey'), await inventory.setting('alertKey')]).toEqual(['two', 'other']);
    });

    it('counts what it holds', async () => {
      const { inventory } = opened;
      expect(await inventory.counts()).toEqual({
        certificates: 0,
        archived: 0,
        intents: 0,
        revoked: 0,
        auditEvents: 0,
      });
      await inventory.recordIntent(issuanceIntent());
      const { serial } = await recordCertificate(inventory);
      const revocation = { at: 1, reason: 'superseded' } as const;
      await inventory.revokeCertificate({ serial, revocation, audit: auditEntry() });
      expect(await inventory.counts()).toEqual({
        certificates: 2,
        archived: 0,
        intents: 1,
        revoked: 1,
        auditEvents: 4,
      });
    });

    it('says at once how much waits for it', async () => {
      const { inventory } = opened;
      const { acceptedWrites } = await inventory.load();
      const writes = [inventory.appendAudit(auditEntry()), inventory.appendAudit(auditEntry())];
      const search = inventory.counts();
      expect(await inventory.load()).toEqual({
        pendingWrites: 2,
        acceptedWrites: acceptedWrites + 2,
        waitingSearches: 1,
      });
      await Promise.all([...writes, search]);
      expect(await inventory.load()).toEqual({
        pendingWrites: 0,
        acceptedWrites: acceptedWrites + 2,
        waitingSearches: 0,
      });
    });

    it('checks that it can write without leaving an audit event', async () => {
      await opened.inventory.check();
      await opened.inventory.check();
      expect((await opened.inventory.counts()).auditEvents).toBe(0);
    });

    it('keeps what it acknowledged, and finishes what it accepted before it closes', async () => {
      const intents = Array.from({ length: 200 }, () => issuanceIntent());
      const accepted = Promise.all(intents.map((intent) => opened.inventory.recordIntent(intent)));
      const inventory = await opened.reopen();
      expect((await accepted).every(({ kind }) => kind === 'recorded')).toBe(true);
      for (const { certificate } of intents) expect(await inventory.certificate(certificate.serial)).toBeDefined();
    });

    it('counts products’ good certificates by owner, days left and whether something follows them', async () => {
      const { inventory } = opened;
      const ending = (days: number, overrides: Partial<CertificateDetails> = {}) =>
        recordCertificate(inventory, { notAfter: frozenNowSeconds + days * daySeconds, ...overrides });
      const { serial: followed } = await ending(3);
      await ending(7, { predecessor: followed });
      await ending(6.99);
      await ending(400);
      await ending(3, { owner: 'dev/b' });
      // None of these counts: of the service, expired, revoked, not signed.
      await ending(3, { purpose: 'server', owner: 'server' });
      await ending(-1);
      const { serial } = await ending(3);
      await inventory.revokeCertificate({ serial, revocation: { at: 1, reason: 'superseded' }, audit: auditEntry() });
      await inventory.recordIntent(issuanceIntent());
      const counts = await inventory.expiryCounts({ now: frozenNowSeconds, boundsDays: [1, 7, 90] });
      expect(counts.toSorted((a, b) => a.owner.localeCompare(b.owner) || a.band - b.band)).toEqual([
        { owner: 'dev/b', band: 1, certificates: 1, withoutSuccessor: 1 },
        { owner: 'dev/product-a', band: 1, certificates: 2, withoutSuccessor: 1 },
        { owner: 'dev/product-a', band: 2, certificates: 1, withoutSuccessor: 1 },
        { owner: 'dev/product-a', band: 3, certificates: 1, withoutSuccessor: 1 },
      ]);
    });

    it('refuses writes and searches once it is closing', async () => {
      const { inventory } = opened;
      const closed = inventory.close();
      await expect(inventory.appendAudit(auditEntry())).rejects.toMatchObject({ code: 'stopping' });
      await expect(inventory.counts()).rejects.toMatchObject({ code: 'stopping' });
      const asked = { now: 0, boundsDays: [] };
      await expect(inventory.expiryCounts(asked)).rejects.toMatchObject({ code: 'stopping' });
      await closed;
    });

    it('may be closed twice', async () => {
      await opened.inventory.close();
      await expect(opened.inventory.close()).resolves.toBeUndefined();
    });
  });
}
