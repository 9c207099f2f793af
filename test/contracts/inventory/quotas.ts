/** Contract of the inventory: no product gets more certificates than the quota of an intent says. */
import { describe, expect, it } from 'vitest';
import type { CertificateDetails } from '../../../src/domain/records/certificate.ts';
import { auditEntry, frozenNow, issuanceIntent, recordCertificate } from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const quota = { certificates: 3, since: frozenNow };
const limited = (overrides: Partial<CertificateDetails> = {}) => issuanceIntent(overrides, { quota });
const usedUp = { kind: 'quotaUsedUp' };
const recorded = { kind: 'recorded' };

export function quotaContract(makeStore: () => Promise<InventoryStore>): void {
  describe('a quota', () => {
    const opened = openedInventory(makeStore);

    it('lets so many of many parallel requests through, and no more', async () => {
      const { inventory } = opened;
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => inventory.recordIntent(limited())));
      expect(outcomes.filter(({ kind }) => kind === 'recorded')).toHaveLength(3);
      expect(outcomes.filter(({ kind }) => kind === 'quotaUsedUp')).toHaveLength(47);
    });

    it('counts what was there before, also after a restart, but not what is older or another owner’s', async () => {
      const { inventory } = opened;
      await recordCertificate(inventory);
      await recordCertificate(inventory, { requestedAt: frozenNow - 1 });
      await recordCertificate(inventory, { owner: 'dev/b' });
      expect(await inventory.recordIntent(limited())).toEqual(recorded);
      const again = await opened.reopen();
      expect(await again.recordIntent(limited())).toEqual(recorded);
      expect(await again.recordIntent(limited())).toEqual(usedUp);
      expect(await again.recordIntent(limited({ owner: 'dev/b' }))).toEqual(recorded);
    });

    it('counts what is issued without being asked about it', async () => {
      const { inventory } = opened;
      expect(await inventory.recordIntent(limited())).toEqual(recorded);
      await inventory.recordIntent(issuanceIntent());
      await inventory.recordIntent(issuanceIntent());
      expect(await inventory.recordIntent(limited())).toEqual(usedUp);
    });

    it('gives back what was never signed, and nothing for what was revoked', async () => {
      const { inventory } = opened;
      const intents = [limited(), limited()];
      for (const intent of intents) await inventory.recordIntent(intent);
      const { serial } = await recordCertificate(inventory);
      await inventory.revokeCertificate({ serial, revocation: { at: 1, reason: 'superseded' }, audit: auditEntry() });
      expect(await inventory.recordIntent(limited())).toEqual(usedUp);
      const closing = { serial: intents[0]!.certificate.serial, at: frozenNow, audit: auditEntry() };
      await inventory.closeIntent(closing);
      expect(await inventory.recordIntent(limited())).toEqual(recorded);
      const again = await opened.reopen();
      expect(await again.recordIntent(limited())).toEqual(usedUp);
    });

    it('counts nothing that was never signed, also after a restart', async () => {
      const intents = [limited(), limited(), limited()];
      for (const intent of intents) await opened.inventory.recordIntent(intent);
      const { serial } = intents[0]!.certificate;
      await opened.inventory.closeIntent({ serial, at: frozenNow, audit: auditEntry() });
      const again = await opened.reopen();
      expect(await again.recordIntent(limited())).toEqual(recorded);
      expect(await again.recordIntent(limited())).toEqual(usedUp);
    });

    it('gives nothing back for what is older than its time', async () => {
      const { inventory } = opened;
      const old = issuanceIntent({ requestedAt: frozenNow - 1 });
      await inventory.recordIntent(old);
      for (let count = 0; count < 3; count++) expect(await inventory.recordIntent(limited())).toEqual(recorded);
      await inventory.closeIntent({ serial: old.certificate.serial, at: frozenNow, audit: auditEntry() });
      expect(await inventory.recordIntent(limited())).toEqual(usedUp);
    });

    it('begins anew with its time', async () => {
      const { inventory } = opened;
      for (let count = 0; count < 3; count++) await inventory.recordIntent(limited());
      const later = { certificates: 1, since: frozenNow + 1 };
      const next = () => issuanceIntent({ requestedAt: frozenNow + 1 }, { quota: later });
      expect(await inventory.recordIntent(next())).toEqual(recorded);
      expect(await inventory.recordIntent(next())).toEqual(usedUp);
    });

    it('is not used up by a batch that failed', async () => {
      const { inventory } = opened;
      // The second of a batch breaks a rule of the schema, so that all of it is written one by one again.
      const twice = limited();
      const outcomes = await Promise.allSettled(
        [twice, twice, limited()].map((intent) => inventory.recordIntent(intent)),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await inventory.recordIntent(limited())).toEqual(recorded);
      expect(await inventory.recordIntent(limited())).toEqual(usedUp);
    });
  });
}
