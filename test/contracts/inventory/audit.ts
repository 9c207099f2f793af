/** Contract of the inventory: the audit log has no gaps and its chain holds, whatever happens at once. */
import { describe, expect, it } from 'vitest';
import {
  type AuditEvent,
  auditChainHash,
  auditGenesisHash,
  canonicalAuditEvent,
} from '../../../src/domain/records/audit-event.ts';
import { auditEntry, frozenNow, issuanceIntent, operator } from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

/** Asserts numbers without gaps and every hash, from the first event on. */
export function expectWholeChain(events: readonly AuditEvent[]): void {
  let previous = auditGenesisHash;
  for (const [index, { seq, previousHash, hash, ...entry }] of events.entries()) {
    expect(seq).toBe(index + 1);
    expect(previousHash).toBe(previous);
    expect(hash).toBe(auditChainHash(previousHash, canonicalAuditEvent(seq, entry)));
    previous = hash;
  }
}

export function auditContract(makeStore: () => Promise<InventoryStore>): void {
  describe('the audit log', () => {
    const opened = openedInventory(makeStore);

    it('reads entries back as they were given, with number and hashes', async () => {
      const { inventory } = opened;
      const entry = auditEntry({
        kind: 'request.refused',
        actor: 'anonymous',
        object: 'POST /v1/certificates',
        code: 'badCSR',
        reasons: ['notDer', 'trailingBytes'],
        details: { zone: 'b', attempt: 2, internal: true, none: null, name: 'Zoë "quoted" \\ \u2028' },
      });
      await inventory.appendAudit(entry);
      const events = await inventory.auditEvents(0, 10);
      expect(events).toMatchObject([{ ...entry, seq: 1, previousHash: auditGenesisHash }]);
      expectWholeChain(events);
    });

    it('is one chain through acts, refusals and failures that come at once', async () => {
      const { inventory } = opened;
      const repeated = issuanceIntent();
      const acts = Array.from({ length: 300 }, (_, index) => {
        if (index % 7 === 0) return inventory.recordIntent(repeated);
        if (index % 5 === 0) return inventory.createOperator(operator({ name: `operator-${index % 4}` }), auditEntry());
        return index % 2 === 0 ? inventory.appendAudit(auditEntry()) : inventory.recordIntent(issuanceIntent());
      });
      const done = (await Promise.allSettled(acts)).filter(({ status }) => status === 'fulfilled');
      const events = await inventory.auditEvents(0, 1000);
      expect(events).toHaveLength(done.length);
      expectWholeChain(events);
    });

    it('goes on where it stood when it is opened again', async () => {
      await opened.inventory.appendAudit(auditEntry());
      const inventory = await opened.reopen();
      await inventory.appendAudit(auditEntry());
      expectWholeChain(await inventory.auditEvents(0, 10));
      expect((await inventory.counts()).auditEvents).toBe(2);
    });

    it('pages by number', async () => {
      const { inventory } = opened;
      await Promise.all(Array.from({ length: 25 }, () => inventory.appendAudit(auditEntry())));
      const seqs = async (after: number, limit: number) =>
        (await inventory.auditEvents(after, limit)).map(({ seq }) => seq);
      expect(await seqs(0, 3)).toEqual([1, 2, 3]);
      expect(await seqs(23, 10)).toEqual([24, 25]);
      expect(await seqs(25, 10)).toEqual([]);
    });

    it('knows the time of its newest event', async () => {
      const { inventory } = opened;
      expect(await inventory.latestTime()).toBe(0);
      await inventory.appendAudit(auditEntry({ at: frozenNow + 5 }));
      expect(await inventory.latestTime()).toBe(frozenNow + 5);
    });
  });
}
