/** Contract of the inventory: predecessors that are to be revoked as superseded once their overlap is over. */
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/ports/inventory.ts';
import {
  auditEntry,
  certificateDetails,
  daySeconds,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  recordCertificate,
  serialAt,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const due = frozenNowSeconds + 3600;

/** A certificate and its successor, with the plan to revoke the first. */
async function rotatedPair(
  inventory: Inventory,
  supersedesAt = due,
  whileSigning?: (serial: string) => Promise<unknown>,
) {
  const predecessor = await recordCertificate(inventory);
  const intent = issuanceIntent({ ...certificateDetails(), predecessor: predecessor.serial });
  const { serial } = intent.certificate;
  await inventory.recordIntent(intent);
  await whileSigning?.(predecessor.serial);
  await inventory.recordIssued({
    serial,
    certificateDer: new Uint8Array([0x30, 0x00]),
    issuedAt: frozenNow + 1,
    supersedesAt,
    audit: auditEntry({ kind: 'certificate.issued' }),
  });
  return { predecessor: predecessor.serial, successor: serial };
}

const superseding = (serial: string, at = due) => ({
  serial,
  at,
  audit: auditEntry({ kind: 'certificate.revoked', object: `certificate:${serial}` }),
});

const revoking = (serial: string, reason: 'keyCompromise' | 'certificateHold') => ({
  serial,
  revocation: { at: frozenNowSeconds + 60, reason },
  audit: auditEntry({ kind: 'certificate.revoked', object: `certificate:${serial}` }),
});

export function lineageContract(makeStore: () => Promise<InventoryStore>): void {
  describe('lineage', () => {
    const opened = openedInventory(makeStore);

    it('tells of a predecessor when its overlap is over, and revokes it once', async () => {
      const { inventory } = opened;
      const { predecessor } = await rotatedPair(inventory);
      expect(await inventory.dueSupersessions(due - 1, 10)).not.toContain(predecessor);
      expect(await inventory.dueSupersessions(due, 1000)).toContain(predecessor);
      const record = await inventory.supersedeCertificate(superseding(predecessor));
      expect(record).toMatchObject({ state: 'revoked', revocation: { at: due, reason: 'superseded' } });
      expect(await inventory.certificate(predecessor)).toEqual(record);
      const [event] = await inventory.searchAuditEvents({ sort: '-seq', limit: 1 });
      expect(JSON.parse(event!.canonical)).toMatchObject({ object: `certificate:${predecessor}`, at: frozenNow });
      expect(await inventory.dueSupersessions(due, 1000)).not.toContain(predecessor);
      expect(await inventory.supersedeCertificate(superseding(predecessor))).toBeUndefined();
    });

    it('plans nothing for a predecessor that ends before, nor for one without a plan', async () => {
      const { inventory } = opened;
      const { predecessor } = await rotatedPair(inventory, frozenNowSeconds + 90 * daySeconds);
      expect(await inventory.dueSupersessions(frozenNowSeconds + 100 * daySeconds, 1000)).not.toContain(predecessor);
      const unplanned = await recordCertificate(inventory);
      await recordCertificate(inventory, { predecessor: unplanned.serial });
      expect(await inventory.supersedeCertificate(superseding(unplanned.serial))).toBeUndefined();
      expect((await inventory.certificate(unplanned.serial))?.state).toBe('issued');
    });

    it('leaves the plans of others as they are, whatever becomes of one', async () => {
      const { inventory } = opened;
      const first = await rotatedPair(inventory);
      const held = await rotatedPair(inventory, due + 1);
      const last = await rotatedPair(inventory, due + 2);
      expect(await inventory.dueSupersessions(due + 2, 9)).toEqual(
        [first, held, last].map(({ predecessor }) => predecessor),
      );
      await inventory.supersedeCertificate(superseding(first.predecessor));
      await inventory.revokeCertificate(revoking(held.successor, 'certificateHold'));
      await inventory.supersedeCertificate(superseding(held.predecessor));
      expect(await inventory.dueSupersessions(due + 3599, 9)).toEqual([last.predecessor]);
      expect(await inventory.dueSupersessions(due + 3600, 9)).toEqual([last.predecessor, held.predecessor]);
      expect((await inventory.certificate(last.predecessor))?.state).toBe('issued');
    });

    it('forgets the plan, and revokes nothing, when the successor is not good', async () => {
      const { inventory } = opened;
      const { predecessor, successor } = await rotatedPair(inventory);
      await inventory.revokeCertificate(revoking(successor, 'keyCompromise'));
      expect(await inventory.supersedeCertificate(superseding(predecessor))).toBeUndefined();
      expect((await inventory.certificate(predecessor))?.state).toBe('issued');
      expect(await inventory.dueSupersessions(due, 1000)).not.toContain(predecessor);
    });

    it('keeps the plan for an hour later while the successor is on hold, unless the predecessor has ended by then', async () => {
      const { inventory } = opened;
      const { predecessor, successor } = await rotatedPair(inventory);
      await inventory.revokeCertificate(revoking(successor, 'certificateHold'));
      expect(await inventory.supersedeCertificate(superseding(predecessor))).toBeUndefined();
      expect((await inventory.certificate(predecessor))?.state).toBe('issued');
      expect(await inventory.dueSupersessions(due + 3599, 1000)).not.toContain(predecessor);
      expect(await inventory.dueSupersessions(due + 3600, 1000)).toContain(predecessor);
      const { notAfter } = (await inventory.certificate(predecessor))!;
      expect(await inventory.supersedeCertificate(superseding(predecessor, notAfter))).toBeUndefined();
      expect(await inventory.dueSupersessions(notAfter + 3600, 1000)).not.toContain(predecessor);
    });

    it('revokes the predecessor once the hold on its successor is released', async () => {
      const { inventory } = opened;
      const { predecessor, successor } = await rotatedPair(inventory);
      await inventory.revokeCertificate(revoking(successor, 'certificateHold'));
      await inventory.supersedeCertificate(superseding(predecessor));
      await inventory.releaseCertificate({ serial: successor, audit: auditEntry({ kind: 'certificate.released' }) });
      expect(await inventory.supersedeCertificate(superseding(predecessor, due + 3600))).toMatchObject({
        revocation: { at: due + 3600, reason: 'superseded' },
      });
    });

    it('leaves another revocation as it is, and turns a hold into this one', async () => {
      const { inventory } = opened;
      const compromised = await rotatedPair(inventory);
      await inventory.revokeCertificate(revoking(compromised.predecessor, 'keyCompromise'));
      expect(await inventory.supersedeCertificate(superseding(compromised.predecessor))).toBeUndefined();
      const held = await rotatedPair(inventory);
      await inventory.revokeCertificate(revoking(held.predecessor, 'certificateHold'));
      expect(await inventory.supersedeCertificate(superseding(held.predecessor))).toMatchObject({
        revocation: { reason: 'superseded' },
      });
    });

    it('plans the end of one that was put on hold while its successor was signed, not of one that was revoked', async () => {
      const { inventory } = opened;
      const [held, gone] = await Promise.all(
        (['certificateHold', 'keyCompromise'] as const).map((reason) =>
          rotatedPair(inventory, due, (serial) => inventory.revokeCertificate(revoking(serial, reason))),
        ),
      );
      const planned = await inventory.dueSupersessions(due, 1000);
      expect([planned.includes(held!.predecessor), planned.includes(gone!.predecessor)]).toEqual([true, false]);
    });

    it('gives no successor to what is not recorded', async () => {
      const intent = issuanceIntent({ predecessor: serialAt() });
      await expect(opened.inventory.recordIntent(intent)).rejects.toMatchObject({ code: 'conflict' });
    });

    it('gives a certificate in the archive no successor', async () => {
      const { inventory } = opened;
      const { serial: predecessor } = await recordCertificate(inventory);
      const archived = auditEntry({ kind: 'certificates.archived', object: 'service' });
      await inventory.archiveCertificates({ serials: [predecessor], audit: archived });
      const outcome = await inventory.recordIntent(issuanceIntent({ predecessor }));
      expect(outcome).toEqual({ kind: 'predecessorArchived' });
    });

    it('gives a certificate that is revoked or on hold no successor', async () => {
      const { inventory } = opened;
      for (const reason of ['keyCompromise', 'certificateHold'] as const) {
        const { serial } = await recordCertificate(inventory);
        await inventory.revokeCertificate(revoking(serial, reason));
        const outcome = await inventory.recordIntent(issuanceIntent({ predecessor: serial }));
        expect(outcome).toEqual({ kind: 'predecessorRevoked' });
      }
    });
  });
}
