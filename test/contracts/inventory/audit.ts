/** Contract of the inventory: the audit log has no gaps and its chain holds, whatever happens at once. */
import { describe, expect, it } from 'vitest';
import type { KeptEvent } from '../../../src/domain/audit/kept-event.ts';
import {
  type AuditEntry,
  type AuditEvent,
  auditChainHash,
  auditGenesisHash,
  canonicalAuditEvent,
} from '../../../src/domain/records/audit-event.ts';
import type { AuditKey, AuditQuery } from '../../../src/ports/inventory.ts';
import {
  auditEntry,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  operator,
  serialAt,
} from '../../support/inventory-builders.ts';
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

/** Each by itself: its number and hash are those of its text. */
function expectWholeEvents(events: readonly KeptEvent[]): void {
  for (const { seq, canonical, previousHash, hash } of events) {
    expect(JSON.parse(canonical).seq).toBe(seq);
    expect(hash).toBe(auditChainHash(previousHash, canonical));
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
      await inventory.appendAudit(auditEntry({ at: frozenNow + 9 }));
      expect(await inventory.latestTime()).toBe(frozenNow + 9);
    });

    it('tells its first and its newest event, as they are kept', async () => {
      const { inventory } = opened;
      expect(await inventory.auditEnds()).toBeUndefined();
      for (const actor of ['a', 'b', 'c']) await inventory.appendAudit(auditEntry({ actor }));
      const [first, , newest] = await inventory.searchAuditEvents({ sort: 'seq', limit: 10 });
      expect(await inventory.auditEnds()).toEqual({ first, newest });
    });
  });

  describe('the search of the audit log', () => {
    const opened = openedInventory(makeStore);
    const entries: readonly Partial<AuditEntry>[] = [
      { actor: 'service', object: 'service', kind: 'service.started' },
      { actor: 'operator:a', object: 'certificate:1', kind: 'certificate.revoked' },
      // The clock was corrected: this event is after the others and has an earlier time.
      { actor: 'anonymous', object: 'GET /', kind: 'request.refused', code: 'unauthenticated', at: frozenNow - 5000 },
      { actor: 'operator:a', object: 'certificate:2', kind: 'request.refused', code: 'alreadyRevoked' },
      { actor: 'operator:b', object: 'certificate:1', kind: 'certificate.released', at: frozenNow + 5000 },
      { actor: 'service', object: 'service', kind: 'service.stopped', at: frozenNow + 5001 },
    ];
    const found = async (filters: Partial<AuditQuery>): Promise<number[]> => {
      const { inventory } = opened;
      for (const entry of entries) await inventory.appendAudit(auditEntry({ at: frozenNow, ...entry }));
      const events = await inventory.searchAuditEvents({ sort: 'seq', limit: 100, ...filters });
      expectWholeEvents(events);
      return events.map(({ seq }) => seq);
    };

    it.each<[string, Partial<AuditQuery>, number[]]>([
      ['no filter', {}, [1, 2, 3, 4, 5, 6]],
      ['an actor', { actor: 'operator:a' }, [2, 4]],
      ['an object', { object: 'certificate:1' }, [2, 5]],
      ['a kind', { kind: 'request.refused' }, [3, 4]],
      ['a code', { code: 'alreadyRevoked' }, [4]],
      ['several', { actor: 'operator:a', object: 'certificate:1', kind: 'certificate.revoked' }, [2]],
      ['filters that nothing matches', { actor: 'operator:a', kind: 'service.started' }, []],
      ['a time before which', { atBefore: frozenNow }, [3]],
      ['a time after which', { atAfter: frozenNow }, [5, 6]],
      ['a span of time', { atAfter: frozenNow - 1, atBefore: frozenNow + 5001 }, [1, 2, 4, 5]],
      ['a time and an actor', { atAfter: frozenNow - 1, actor: 'service' }, [1, 6]],
      ['numbers', { seqAfter: 2, seqBefore: 5 }, [3, 4]],
      ['the newest first', { sort: '-seq', seqBefore: 5, limit: 2 }, [4, 3]],
      ['text that is a pattern elsewhere', { actor: "%' OR 1=1 --" }, []],
    ])('by %s', async (_what, filters, seqs) => {
      expect(await found(filters)).toEqual(seqs);
    });

    it('finds all events of a certificate in their order, from its request on, also once it is archived', async () => {
      const { inventory } = opened;
      const [about, other] = [serialAt(), serialAt()];
      for (const serial of [other, about]) {
        const eventOf = (kind: AuditEntry['kind']) => auditEntry({ kind, object: `certificate:${serial}` });
        const { certificate } = issuanceIntent({ serial });
        await inventory.recordIntent({ ...issuanceIntent(certificate), audit: eventOf('certificate.requested') });
        await inventory.appendAudit(eventOf('request.refused'));
        const issued = { serial, certificateDer: new Uint8Array([1]), issuedAt: certificate.requestedAt };
        await inventory.recordIssued({ ...issued, audit: eventOf('certificate.issued') });
        const revocation = { at: frozenNowSeconds, reason: 'superseded' } as const;
        await inventory.revokeCertificate({ serial, revocation, audit: eventOf('certificate.revoked') });
      }
      const query = { object: `certificate:${about}`, limit: 10 };
      const seqs = async (filters: Partial<AuditQuery> = {}): Promise<number[]> =>
        (await inventory.searchAuditEvents({ ...query, sort: 'seq', ...filters })).map(({ seq }) => seq);
      expect(await seqs()).toEqual([5, 6, 7, 8]);
      expect(await seqs({ sort: '-seq', limit: 3 })).toEqual([8, 7, 6]);
      expect(await seqs({ seqAfter: 5, seqBefore: 8 })).toEqual([6, 7]);
      expect(await seqs({ kind: 'certificate.issued' })).toEqual([7]);
      await inventory.archiveCertificates({ serials: [about], audit: auditEntry() });
      expect(await seqs()).toEqual([5, 6, 7, 8]);
    });

    it('finds by time what looking at each event would find, in whatever order the times are', async () => {
      const { inventory } = opened;
      const times = Array.from({ length: 200 }, (_, index) => frozenNow + index * 100 - ((index * 7919) % 13) * 90);
      await Promise.all(times.map((at) => inventory.appendAudit(auditEntry({ at }))));
      for (let step = -1; step <= 20; step++) {
        const bounds = { atAfter: frozenNow + step * 1000, atBefore: frozenNow + step * 1000 + 2500 };
        const wanted = times.flatMap((at, index) => (at > bounds.atAfter && at < bounds.atBefore ? [index + 1] : []));
        const events = await inventory.searchAuditEvents({ sort: 'seq', limit: 1000, ...bounds });
        expect(events.map(({ seq }) => seq)).toEqual(wanted);
      }
    });
  });

  describe('the checkpoints', () => {
    const opened = openedInventory(makeStore);
    const key = (serial = '01'.repeat(20)): AuditKey => ({
      vault: 'file',
      vaultKey: `audit.${serial}`,
      certificateSerial: serial,
      certificateDer: Buffer.from(`certificate ${serial}`),
    });
    const checkpoint = (seq: number, certificateSerial = '01'.repeat(20)) => ({
      seq,
      note: `note ${seq}`,
      certificateSerial,
    });

    it('are signed by the key that was added last, which is audited', async () => {
      const { inventory } = opened;
      expect(await inventory.auditKey()).toBeUndefined();
      await inventory.addAuditKey(key(), auditEntry());
      await inventory.addAuditKey(key('02'.repeat(20)), auditEntry());
      expect(await inventory.auditKey()).toMatchObject({
        certificateSerial: '02'.repeat(20),
        vaultKey: `audit.${'02'.repeat(20)}`,
      });
      const elsewhere = { ...key(), vaultKey: 'another' };
      const certifiedAgain = { ...key(), certificateSerial: '03'.repeat(20) };
      for (const known of [key(), elsewhere, certifiedAgain]) {
        await expect(inventory.addAuditKey(known, auditEntry())).rejects.toMatchObject({ code: 'conflict' });
      }
      expect((await inventory.counts()).auditEvents).toBe(2);
    });

    it('are kept with the certificate of their key, and outlive a restart', async () => {
      expect(await opened.inventory.latestCheckpoint()).toBeUndefined();
      await opened.inventory.addAuditKey(key(), auditEntry());
      await opened.inventory.addAuditKey(key('02'.repeat(20)), auditEntry());
      await opened.inventory.recordCheckpoint(checkpoint(1));
      await opened.inventory.recordCheckpoint(checkpoint(2, '02'.repeat(20)));
      const latest = await (await opened.reopen()).latestCheckpoint();
      expect(latest).toMatchObject({ seq: 2, note: 'note 2' });
      expect(Buffer.from(latest!.certificateDer).toString()).toBe(`certificate ${'02'.repeat(20)}`);
    });

    it('only advance, are of events that are there, and leave no event', async () => {
      const { inventory } = opened;
      await inventory.addAuditKey(key(), auditEntry());
      await inventory.appendAudit(auditEntry());
      const refused = async (given: ReturnType<typeof checkpoint>) =>
        expect(inventory.recordCheckpoint(given)).rejects.toMatchObject({ code: 'conflict' });
      await refused(checkpoint(3));
      await refused(checkpoint(2, '09'.repeat(20)));
      await inventory.recordCheckpoint(checkpoint(2));
      await refused(checkpoint(2));
      await refused(checkpoint(1));
      for (let event = 3; event <= 4; event++) await inventory.appendAudit(auditEntry());
      await inventory.recordCheckpoint(checkpoint(4));
      await refused(checkpoint(3));
      expect((await inventory.counts()).auditEvents).toBe(4);
    });
  });
}
