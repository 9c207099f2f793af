/** Contract of the inventory: revocation, holds, and what is on an authority's list (RFC 5280 §5). */
import { describe, expect, it } from 'vitest';
import type { Revocation } from '../../../src/domain/records/certificate.ts';
import { mostSharersAtOnce } from '../../../src/ports/revocation-store.ts';
import {
  auditEntry,
  closing,
  daySeconds,
  enrolmentToken,
  environment,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  operator,
  product,
  randomHex,
  recordCertificate,
  serialAt,
} from '../../support/inventory-builders.ts';
import { codeOf } from '../../support/rejection.ts';
import { judging, recordRequest } from '../../support/request-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const at = frozenNowSeconds + 60;

export function revocationContract(makeStore: () => Promise<InventoryStore>): void {
  describe('revocation', () => {
    const opened = openedInventory(makeStore);
    const revoke = (serial: string, revocation: Partial<Revocation> = {}) =>
      opened.inventory.revokeCertificate({
        serial,
        revocation: { at, reason: 'superseded', ...revocation },
        audit: auditEntry({ kind: 'certificate.revoked', object: `certificate:${serial}` }),
      });
    const release = (serial: string) =>
      opened.inventory.releaseCertificate({
        serial,
        audit: auditEntry({ kind: 'certificate.released', object: `certificate:${serial}` }),
      });

    it('revokes with its reason and times, and says so from then on', async () => {
      const { serial } = await recordCertificate(opened.inventory);
      const revocation = { reason: 'affiliationChanged', invalidityDate: at - 100 } as const;
      const outcome = await revoke(serial, revocation);
      expect(outcome).toMatchObject({ kind: 'done', record: { state: 'revoked', revocation: { at, ...revocation } } });
      expect(await opened.inventory.certificate(serial)).toEqual('record' in outcome && outcome.record);
    });

    it('revokes once, even when many ask at once', async () => {
      const { serial } = await recordCertificate(opened.inventory);
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => revoke(serial)));
      expect(outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === 'alreadyRevoked')).toHaveLength(9);
      expect((await opened.inventory.counts()).auditEvents).toBe(3);
    });

    it('knows nothing of an unknown serial, nor of an intent, which is no certificate yet', async () => {
      const intent = issuanceIntent();
      await opened.inventory.recordIntent(intent);
      for (const serial of [serialAt(), intent.certificate.serial]) {
        expect(await revoke(serial)).toEqual({ kind: 'notFound' });
        expect(await release(serial)).toEqual({ kind: 'notFound' });
      }
    });

    it('turns a hold into a revocation, but not the other way, and not into a second hold', async () => {
      const { serial } = await recordCertificate(opened.inventory);
      expect((await revoke(serial, { reason: 'certificateHold' })).kind).toBe('done');
      expect((await revoke(serial, { reason: 'certificateHold' })).kind).toBe('alreadyRevoked');
      expect((await revoke(serial, { reason: 'keyCompromise', at: at + 1 })).kind).toBe('done');
      expect((await revoke(serial, { reason: 'certificateHold' })).kind).toBe('alreadyRevoked');
      expect(await opened.inventory.certificate(serial)).toMatchObject({
        revocation: { at: at + 1, reason: 'keyCompromise' },
      });
    });

    it('learns later that the key is compromised, whatever the reason was: since when it is revoked stays', async () => {
      const revoked = await recordCertificate(opened.inventory);
      const sharer = await recordCertificate(opened.inventory, { keySha256: revoked.keySha256 });
      expect((await revoke(revoked.serial, { reason: 'superseded' })).kind).toBe('done');
      expect(await opened.inventory.keyBlock(revoked.keySha256)).toBeUndefined();
      const invalidityDate = at - 50;
      const outcome = await revoke(revoked.serial, { reason: 'keyCompromise', at: at + 9, invalidityDate });
      expect(outcome).toMatchObject({ kind: 'done', sharers: [{ serial: sharer.serial }] });
      expect((await opened.inventory.certificate(revoked.serial))!.revocation).toEqual({
        ...{ at, reason: 'keyCompromise', invalidityDate },
      });
      expect((await opened.inventory.certificate(sharer.serial))!.revocation!.at).toBe(at + 9);
      expect(await opened.inventory.keyBlock(revoked.keySha256)).toBe('compromised');
      for (const reason of ['keyCompromise', 'superseded', 'certificateHold'] as const) {
        expect((await revoke(revoked.serial, { reason })).kind, reason).toBe('alreadyRevoked');
      }
    });

    it('releases what is on hold, and only that', async () => {
      const { serial } = await recordCertificate(opened.inventory);
      expect((await release(serial)).kind).toBe('notHeld');
      await revoke(serial, { reason: 'certificateHold', invalidityDate: at - 5 });
      const released = await release(serial);
      expect(released).toMatchObject({ kind: 'done', record: { state: 'issued', revocation: null } });
      expect(await opened.inventory.certificate(serial)).toEqual('record' in released && released.record);
      const [event] = await opened.inventory.searchAuditEvents({ sort: '-seq', limit: 1 });
      expect(JSON.parse(event!.canonical)).toMatchObject({ kind: 'certificate.released' });
      await revoke(serial, { reason: 'superseded' });
      expect((await release(serial)).kind).toBe('notHeld');
    });

    it('blocks a compromised key for good, above any other reason', async () => {
      const own = await recordCertificate(opened.inventory);
      const operators = await recordCertificate(opened.inventory, { purpose: 'operator' });
      const kept = await recordCertificate(opened.inventory);
      await revoke(own.serial, { reason: 'keyCompromise' });
      await revoke(operators.serial, { reason: 'keyCompromise' });
      await revoke(kept.serial, { reason: 'superseded' });
      expect(await opened.inventory.keyBlock(own.keySha256)).toBe('compromised');
      expect(await opened.inventory.keyBlock(operators.keySha256)).toBe('compromised');
      expect(await opened.inventory.keyBlock(kept.keySha256)).toBeUndefined();
    });
  });

  describe('a compromised key', () => {
    const opened = openedInventory(makeStore);
    const compromise = async (serial: string, sharersOf?: string) => {
      const object = `certificate:${serial}`;
      const outcome = await opened.inventory.revokeCertificate({
        serial,
        revocation: { at, reason: 'keyCompromise', invalidityDate: at - 5 },
        ...(sharersOf !== undefined && { sharersOf }),
        audit: auditEntry({ kind: 'certificate.revoked', object }),
      });
      if (outcome.kind !== 'done') throw new Error(outcome.kind);
      return outcome.sharers.map((each) => each.serial).sort();
    };
    const revocationOf = async (serial: string) => (await opened.inventory.certificate(serial))?.revocation;

    it('takes every certificate of it along that has not ended, held ones, too, and no other', async () => {
      const { inventory } = opened;
      const named = await recordCertificate(inventory);
      const { keySha256 } = named;
      const good = await recordCertificate(inventory, { keySha256 });
      const held = await recordCertificate(inventory, { keySha256, notAfter: at });
      const hold = { at: 1, reason: 'certificateHold' } as const;
      await inventory.revokeCertificate({ serial: held.serial, revocation: hold, audit: auditEntry() });
      const ended = await recordCertificate(inventory, { keySha256, notAfter: at - 1 });
      const before = await recordCertificate(inventory, { keySha256 });
      const earlier = { at: 1, reason: 'superseded' } as const;
      await inventory.revokeCertificate({ serial: before.serial, revocation: earlier, audit: auditEntry() });
      const stranger = await recordCertificate(inventory);

      const expected = [good.serial, held.serial].sort();
      expect(await compromise(named.serial)).toEqual(expected);
      const revocation = { at, reason: 'keyCompromise', invalidityDate: at - 5 };
      for (const serial of expected) expect(await revocationOf(serial)).toEqual(revocation);
      expect(await revocationOf(ended.serial)).toBeNull();
      expect(await revocationOf(before.serial)).toEqual(earlier);
      expect(await revocationOf(stranger.serial)).toBeNull();
    });

    it('closes what is about to be issued for it, which gives back what that had used', async () => {
      const { inventory } = opened;
      const { serial: named, keySha256 } = await recordCertificate(inventory);
      const key = { scope: 'token:demo', key: 'k', bodySha256: randomHex(32) };
      const intent = issuanceIntent({ keySha256 }, { idempotency: key });
      const { serial } = intent.certificate;
      await inventory.recordIntent(intent);
      expect(await compromise(named)).toEqual([serial]);
      expect(await revocationOf(serial)).toMatchObject({ reason: 'cessationOfOperation' });
      expect(await inventory.idempotentOutcome(key, frozenNow)).toBeUndefined();
      const issued = { serial, certificateDer: new Uint8Array([0x30]), issuedAt: frozenNow, audit: auditEntry() };
      expect(await codeOf(inventory.recordIssued(issued))).toBe('conflict');
    });

    it('leaves to others what is theirs where one owner alone is meant', async () => {
      const named = await recordCertificate(opened.inventory, { owner: 'dev/a' });
      const own = await recordCertificate(opened.inventory, { owner: 'dev/a', keySha256: named.keySha256 });
      const others = await recordCertificate(opened.inventory, { owner: 'dev/b', keySha256: named.keySha256 });
      expect(await compromise(named.serial, 'dev/a')).toEqual([own.serial]);
      expect(await revocationOf(others.serial)).toBeNull();
    });

    it('takes admins along one by one, and leaves the last of them to be replaced by a person', async () => {
      const { inventory } = opened;
      const { serial: named, keySha256 } = await recordCertificate(inventory);
      const admins: string[] = [];
      for (const name of ['alice', 'bob']) {
        await inventory.createOperator(operator({ name }), auditEntry());
        admins.push((await recordCertificate(inventory, { purpose: 'operator', owner: name, keySha256 })).serial);
      }
      expect(await compromise(named)).toEqual([admins[0]]);
      expect((await inventory.certificate(admins[1]!))?.state).toBe('issued');
      expect(await inventory.keyBlock(keySha256)).toBe('compromised');
    });

    it.each(['authority', 'server', 'ocspResponder', 'auditLog'] as const)(
      'leaves those of the service itself alone: %s',
      async (purpose) => {
        const { inventory } = opened;
        const named = await recordCertificate(inventory);
        const own = await recordCertificate(inventory, { purpose, keySha256: named.keySha256 });
        expect(await compromise(named.serial)).toEqual([]);
        expect(await revocationOf(own.serial)).toBeNull();
      },
    );

    it('has an event for each, which names the one that was asked for', async () => {
      const named = await recordCertificate(opened.inventory);
      const sharer = await recordCertificate(opened.inventory, { keySha256: named.keySha256 });
      await compromise(named.serial);
      const newest = (await opened.inventory.auditEvents(0, 100)).at(-1);
      expect(newest).toMatchObject({
        kind: 'certificate.revoked',
        object: `certificate:${sharer.serial}`,
        details: { reason: 'keyCompromise', sharesKeyWith: named.serial },
      });
    });

    it('of many takes so many along at once, and the rest when asked', async () => {
      const { inventory } = opened;
      const named = await recordCertificate(inventory);
      const { keySha256 } = named;
      const all = await Promise.all(
        Array.from({ length: mostSharersAtOnce + 1 }, () => recordCertificate(inventory, { keySha256 })),
      );
      const actor = 'operator:alice';
      const revocation = { at, reason: 'keyCompromise', invalidityDate: at - 5 } as const;
      const audit = auditEntry({ kind: 'certificate.revoked', object: `certificate:${named.serial}`, actor });
      const first = await inventory.revokeCertificate({ serial: named.serial, revocation, audit });
      expect(first).toMatchObject({ kind: 'done', areLeft: true });
      // Another that is finished at once forgets itself alone.
      const { serial: small } = await recordCertificate(inventory);
      await inventory.revokeCertificate({ serial: small, revocation, audit });
      expect(await inventory.unfinishedCompromises()).toEqual([named.serial]);
      expect(await inventory.keyBlock(keySha256)).toBe('compromised');
      const asked = { serial: named.serial, at: frozenNow + 9 };
      const none = { sharers: [], areLeft: false };
      expect(await inventory.revokeSharers({ ...asked, serial: all[0]!.serial })).toEqual(none);
      const rest = await inventory.revokeSharers(asked);
      expect([rest.sharers.length, rest.areLeft]).toEqual([1, false]);
      for (const { serial } of all) expect(await revocationOf(serial)).toEqual(revocation);
      expect(await inventory.unfinishedCompromises()).toEqual([]);
      expect(await inventory.revokeSharers(asked)).toEqual(none);
      const events = await inventory.auditEvents((await inventory.auditEnds())!.newest.seq - 1, 1);
      expect(events[0]).toMatchObject({
        ...{ kind: 'certificate.revoked', actor, at: frozenNow + 9 },
        ...{ object: `certificate:${rest.sharers[0]!.serial}`, details: { sharesKeyWith: named.serial } },
      });
    });

    it('takes nothing along for any other reason', async () => {
      const named = await recordCertificate(opened.inventory);
      const sharer = await recordCertificate(opened.inventory, { keySha256: named.keySha256 });
      const revocation = { at, reason: 'superseded' } as const;
      const asked = { serial: named.serial, revocation, audit: auditEntry() };
      expect(await opened.inventory.revokeCertificate(asked)).toMatchObject({ sharers: [], areLeft: false });
      expect(await revocationOf(sharer.serial)).toBeNull();
    });
  });

  describe('revocation lists', () => {
    const opened = openedInventory(makeStore);
    const revoked = async (overrides = {}, reason: Revocation['reason'] = 'superseded') => {
      const { serial, notAfter } = await recordCertificate(opened.inventory, overrides);
      const audit = auditEntry({ kind: 'certificate.revoked' });
      await opened.inventory.revokeCertificate({ serial, revocation: { at, reason }, audit });
      return { serial, notAfter, at, reason };
    };
    const crl = (crlNumber: number, authority = 'dev-issuing') => ({
      authority,
      crlNumber,
      thisUpdate: at + crlNumber,
      nextUpdate: at + crlNumber + daySeconds,
      der: new Uint8Array([0x30, crlNumber & 0xff]),
    });
    const published = auditEntry({ kind: 'crl.published' });

    it('holds an authority’s own unexpired entries, holds among them, by serial', async () => {
      const expiring = frozenNowSeconds + daySeconds;
      const entries = [
        await revoked({ notAfter: expiring }),
        await revoked({ notAfter: expiring + 1 }, 'certificateHold'),
        await revoked({ notAfter: expiring + 2 }, 'keyCompromise'),
      ];
      await revoked({ notAfter: expiring - 1 });
      await revoked({ notAfter: expiring, authority: 'dev-root' });
      await recordCertificate(opened.inventory);
      const sorted = entries.toSorted((a, b) => (a.serial < b.serial ? -1 : 1));
      expect(await opened.inventory.revokedEntries('dev-issuing', expiring)).toEqual(sorted);
    });

    it('is whole and in order when it is long', async () => {
      const serials = (await Promise.all(Array.from({ length: 2500 }, () => revoked()))).map(({ serial }) => serial);
      const entries = await opened.inventory.revokedEntries('dev-issuing', 0);
      expect(entries.map(({ serial }) => serial)).toEqual(serials.toSorted());
    });

    it('keeps the newest list, whose number only grows, for each authority', async () => {
      const { inventory } = opened;
      expect(await inventory.latestCrl('dev-issuing')).toBeUndefined();
      await inventory.recordCrl(crl(7), published);
      await inventory.recordCrl(crl(0, 'dev-root'), published);
      for (const lower of [7, 6]) {
        await expect(inventory.recordCrl(crl(lower), published)).rejects.toMatchObject({ code: 'conflict' });
      }
      await inventory.recordCrl(crl(8), published);
      const latest = await inventory.latestCrl('dev-issuing');
      expect({ ...latest, der: [...latest!.der] }).toEqual({ ...crl(8), der: [...crl(8).der] });
      expect(await inventory.counts()).toMatchObject({ auditEvents: 3 });
    });
  });
  describe('a restoration', () => {
    const opened = openedInventory(makeStore);
    const audit = auditEntry({ kind: 'service.restored', object: 'service' });
    const none = { audit, revoked: [], quarantined: [], compromised: [], crls: [], tokensEndAt: null };
    const revoked = (serial: string, reason: Revocation['reason'] = 'superseded') => ({
      authority: 'dev-issuing',
      serial,
      revocation: { at, reason, invalidityDate: at - 9 },
      audit: auditEntry({ kind: 'certificate.revoked', object: `certificate:${serial}` }),
    });

    it('revokes what is good, held or not yet issued, and blocks the keys of what was compromised', async () => {
      const { inventory } = opened;
      const good = await recordCertificate(inventory);
      const held = await recordCertificate(inventory);
      const hold = { at: 1, reason: 'certificateHold' } as const;
      await inventory.revokeCertificate({ serial: held.serial, revocation: hold, audit });
      const intent = issuanceIntent().certificate;
      await inventory.recordIntent({ ...issuanceIntent(), certificate: intent });
      const entries = [revoked(good.serial), revoked(held.serial, 'keyCompromise'), revoked(intent.serial)];
      await inventory.recordRestoration({ ...none, revoked: entries });
      for (const { serial, revocation } of entries) {
        expect(await inventory.certificate(serial)).toMatchObject({ state: 'revoked', revocation });
      }
      expect(await inventory.keyBlock(held.keySha256)).toBe('compromised');
      expect(await inventory.keyBlock(good.keySha256)).toBeUndefined();
      const [first, second] = (await inventory.auditEvents(0, 100)).slice(-4);
      expect([first?.kind, second?.kind]).toEqual(['service.restored', 'certificate.revoked']);
    });

    it('lets the predecessor of what was being issued be followed again, and tells of it once', async () => {
      const { inventory } = opened;
      const predecessor = await recordCertificate(inventory);
      const intent = issuanceIntent({ predecessor: predecessor.serial });
      const { serial } = intent.certificate;
      await inventory.recordIntent(intent);
      await inventory.recordRestoration({ ...none, revoked: [revoked(serial)] });
      expect(await inventory.certificate(predecessor.serial)).toMatchObject({ state: 'issued', successor: null });
      const events = (await inventory.auditEvents(0, 100)).filter(({ object }) => object === `certificate:${serial}`);
      expect(events.slice(-1)).toMatchObject([{ kind: 'certificate.revoked' }]);
      expect(events.filter(({ kind }) => kind === 'certificate.revoked')).toHaveLength(1);
      const again = issuanceIntent({ predecessor: predecessor.serial });
      expect(await inventory.recordIntent(again)).toEqual({ kind: 'recorded' });
    });

    it('ends the approvals of what was not issued: who gave them, or denied it, since the backup is not known', async () => {
      const { inventory } = opened;
      const ids: string[] = [];
      for (const approvalsNeeded of [1, 2, 1] as const) {
        const { id } = await recordRequest(inventory, { approvalsNeeded });
        await inventory.approveRequest(judging(id));
        ids.push(id);
      }
      const intent = issuanceIntent({}, { request: ids[2]! });
      const { serial } = intent.certificate;
      await inventory.recordIntent(intent);
      await inventory.recordRestoration(none);
      for (const id of ids) {
        expect(await inventory.request(id)).toMatchObject({ status: 'pending', serial: null, verdicts: [] });
      }
      const kind = 'request.approvalWithdrawn';
      const withdrawn = ids.map((id) => ({ kind, object: `request:${id}`, details: { operator: 'alice' } }));
      expect((await inventory.auditEvents(0, 100)).slice(-3)).toMatchObject(withdrawn);
      await inventory.closeIntent(closing(serial));
      expect(await inventory.dueRequests(0, 10)).toEqual({ expired: [], approved: [] });
    });

    it('revokes what else has a compromised key, if it is its owner’s and no list has it, as what is compromised', async () => {
      const { inventory } = opened;
      const named = await recordCertificate(inventory);
      const { keySha256, owner } = named;
      const sharer = await recordCertificate(inventory, { keySha256, owner });
      const listed = await recordCertificate(inventory, { keySha256, owner });
      const other = await recordCertificate(inventory, { keySha256, owner: 'dev/other' });
      const entries = [revoked(named.serial, 'keyCompromise'), revoked(listed.serial)];
      await inventory.recordRestoration({ ...none, revoked: entries });
      const reasonOf = async (serial: string) => (await inventory.certificate(serial))?.revocation?.reason;
      expect(await Promise.all([named, sharer, listed, other].map(({ serial }) => reasonOf(serial)))).toEqual([
        'keyCompromise',
        'keyCompromise',
        'superseded',
        undefined,
      ]);
      const last = (await inventory.auditEvents(0, 100)).at(-1);
      expect(last).toMatchObject({ object: `certificate:${sharer.serial}`, details: { sharesKeyWith: named.serial } });
      expect(await inventory.unfinishedCompromises()).toEqual([]);
    });

    it('does nothing at all when one of them is not recorded', async () => {
      const { inventory } = opened;
      const good = await recordCertificate(inventory);
      const { auditEvents } = await inventory.counts();
      const restoration = { ...none, revoked: [revoked(good.serial), revoked(serialAt())] };
      expect(await codeOf(inventory.recordRestoration(restoration))).toBe('serverInternal');
      expect((await inventory.certificate(good.serial))?.state).toBe('issued');
      expect((await inventory.counts()).auditEvents).toBe(auditEvents);
    });

    it('lists what it quarantines between what is revoked, until its time, for its authority alone', async () => {
      const { inventory } = opened;
      const known = (await recordCertificate(inventory, { serial: `55${'0'.repeat(38)}` })).serial;
      await inventory.revokeCertificate({ serial: known, revocation: { at, reason: 'superseded' }, audit });
      const [before, after] = [`11${'0'.repeat(38)}`, `99${'0'.repeat(38)}`];
      const quarantined = [before, after].map((serial) => ({ ...revoked(serial), listedUntil: at + 10 }));
      await inventory.recordRestoration({ ...none, quarantined });
      const listed = await inventory.revokedEntries('dev-issuing', at + 10);
      expect(listed.map(({ serial }) => serial)).toEqual([before, known, after]);
      expect(listed[0]).toEqual({ serial: before, notAfter: at + 10, ...revoked(before).revocation });
      expect((await inventory.revokedEntries('dev-issuing', at + 11)).map(({ serial }) => serial)).toEqual([known]);
      expect(await inventory.revokedEntries('dev-root', 0)).toEqual([]);
      expect(await inventory.quarantined('dev-issuing', before)).toEqual(revoked(before).revocation);
      expect(await inventory.quarantined('dev-issuing', known)).toBeUndefined();
      expect(await inventory.quarantined('dev-root', before)).toBeUndefined();
      expect(await inventory.certificate(before)).toBeUndefined();
      const noted = (await inventory.auditEvents(0, 100)).slice(-2).map(({ object }) => object);
      expect(noted).toEqual([before, after].map((serial) => `certificate:${serial}`));
    });

    it('says of what is quarantined again what it is told last', async () => {
      const { inventory } = opened;
      const given = { ...revoked(serialAt()), listedUntil: at + 10 };
      await inventory.recordRestoration({ ...none, quarantined: [given] });
      const later = { at: at + 1, reason: 'keyCompromise', invalidityDate: at - 99 } as const;
      await inventory.recordRestoration({ ...none, quarantined: [{ ...given, revocation: later }] });
      expect(await inventory.quarantined('dev-issuing', given.serial)).toEqual(later);
    });

    it('is told of the key by whoever has the certificate', async () => {
      const { inventory } = opened;
      const [serial, keySha256] = [serialAt(), randomHex(32)];
      const listed = { ...revoked(serial, 'keyCompromise'), listedUntil: at + 10 };
      await inventory.recordRestoration({ ...none, quarantined: [listed] });
      const quarantining = {
        ...revoked(serial, 'keyCompromise'),
        generation: 'dev-issuing',
        listedUntil: at + 99,
        keySha256,
      };
      const ask = (reason: Revocation['reason']) =>
        inventory.quarantineCertificate({ ...quarantining, revocation: { at: at + 5, reason } });
      const { revocation } = listed;
      expect(await ask('superseded')).toEqual({ kind: 'alreadyRevoked', revocation });
      expect(await inventory.keyBlock(keySha256)).toBeUndefined();
      expect(await ask('keyCompromise')).toEqual({ kind: 'done', revocation });
      expect(await inventory.keyBlock(keySha256)).toBe('compromised');
      expect(await ask('keyCompromise')).toEqual({ kind: 'alreadyRevoked', revocation });
      expect(await inventory.quarantined('dev-issuing', serial)).toEqual(revocation);
      expect(await inventory.revokedEntries('dev-issuing', at + 11)).toEqual([]);
    });

    it('puts the newest lists in the place of older ones, and ends tokens when asked to', async () => {
      const { inventory } = opened;
      const crl = {
        authority: 'dev-issuing',
        crlNumber: 5,
        thisUpdate: at,
        nextUpdate: at + 1,
        der: new Uint8Array([1]),
      };
      await inventory.recordCrl(crl, audit);
      const [early, late] = [enrolmentToken({ id: 'early', expiresAt: 50 }), enrolmentToken({ id: 'late' })];
      await inventory.createEnvironment(environment(), [], audit);
      await inventory.createProduct(product(), audit);
      for (const token of [early, late]) await inventory.createToken(token, audit);
      await inventory.recordRestoration({ ...none, crls: [{ ...crl, crlNumber: 9 }] });
      expect((await inventory.token('late'))?.expiresAt).toBe(late.expiresAt);
      await inventory.recordRestoration({ ...none, tokensEndAt: 100 });
      expect((await inventory.latestCrl('dev-issuing'))?.crlNumber).toBe(9);
      expect((await inventory.token('early'))?.expiresAt).toBe(50);
      expect((await inventory.token('late'))?.expiresAt).toBe(100);
    });
  });
}
