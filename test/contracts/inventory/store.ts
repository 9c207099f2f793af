/** Contract of the inventory: settings, counts, the write check, and what closing means. */
import { describe, expect, it } from 'vitest';
import { auditEntry, issuanceIntent, recordCertificate } from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

export function storeContract(makeStore: () => Promise<InventoryStore>): void {
  describe('the store', () => {
    const opened = openedInventory(makeStore);

    it('keeps settings, the last value of each', async () => {
      expect(await opened.inventory.setting('cursorKey')).toBeUndefined();
      await opened.inventory.setSetting('cursorKey', 'one');
      await opened.inventory.setSetting('cursorKey', 'two');
      const inventory = await opened.reopen();
      expect(await inventory.setting('cursorKey')).toBe('two');
    });

    it('counts what it holds', async () => {
      const { inventory } = opened;
      expect(await inventory.counts()).toEqual({ certificates: 0, intents: 0, revoked: 0, auditEvents: 0 });
      await inventory.recordIntent(issuanceIntent());
      const { serial } = await recordCertificate(inventory);
      const revocation = { at: 1, reason: 'superseded' } as const;
      await inventory.revokeCertificate({ serial, revocation, audit: auditEntry() });
      expect(await inventory.counts()).toEqual({ certificates: 2, intents: 1, revoked: 1, auditEvents: 4 });
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

    it('refuses writes and searches once it is closing', async () => {
      const { inventory } = opened;
      const closed = inventory.close();
      await expect(inventory.appendAudit(auditEntry())).rejects.toMatchObject({ code: 'stopping' });
      await expect(inventory.counts()).rejects.toMatchObject({ code: 'stopping' });
      await closed;
    });

    it('may be closed twice', async () => {
      await opened.inventory.close();
      await expect(opened.inventory.close()).resolves.toBeUndefined();
    });
  });
}
