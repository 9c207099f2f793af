/** Contract of the inventory: intents, what they use up, the certificates that redeem them and the closing of the rest. */
import { describe, expect, it } from 'vitest';
import {
  auditEntry,
  certificateDetails,
  daySeconds,
  enrolmentToken,
  frozenNow,
  issuanceIntent,
  randomHex,
  recordCertificate,
  recordProduct,
  serialAt,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const issued = (serial: string, issuedAt = frozenNow + 5) => ({
  serial,
  certificateDer: new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x05]),
  issuedAt,
  audit: auditEntry({ kind: 'certificate.issued', object: `certificate:${serial}` }),
});

const closing = (serial: string, at = frozenNow + 1999) => ({
  serial,
  at,
  audit: auditEntry({ kind: 'certificate.intentClosed', object: `certificate:${serial}` }),
});

export function issuanceContract(makeStore: () => Promise<InventoryStore>): void {
  describe('issuance', () => {
    const opened = openedInventory(makeStore);

    it('reads an intent back as it was given, with nothing issued', async () => {
      const { inventory } = opened;
      const intent = issuanceIntent({ names: ['b.dev.internal', 'a.dev.internal', '10.0.0.1', 'spiffe://dev/a'] });
      expect(await inventory.recordIntent(intent)).toEqual({ kind: 'recorded' });
      expect(await inventory.certificate(intent.certificate.serial)).toEqual({
        ...intent.certificate,
        state: 'intent',
        issuedAt: null,
        revocation: null,
        successor: null,
      });
      expect(await inventory.certificateDer(intent.certificate.serial)).toBeUndefined();
    });

    it('keeps a certificate without environment, names and subject', async () => {
      const { inventory } = opened;
      const intent = issuanceIntent({ purpose: 'server', environment: null, owner: 'server', names: [], subject: '' });
      await inventory.recordIntent(intent);
      expect(await inventory.certificate(intent.certificate.serial)).toMatchObject(intent.certificate);
    });

    it('reads the signed bytes back exactly, and nothing of the buffer they were a view of', async () => {
      const { inventory } = opened;
      const intent = issuanceIntent();
      await inventory.recordIntent(intent);
      const pool = new Uint8Array(4096).fill(7);
      const certificateDer = pool.subarray(100, 700).fill(9);
      await inventory.recordIssued({ ...issued(intent.certificate.serial), certificateDer });
      const record = await inventory.certificate(intent.certificate.serial);
      expect(record).toMatchObject({ state: 'issued', issuedAt: frozenNow + 5 });
      expect([...(await inventory.certificateDer(intent.certificate.serial))!]).toEqual([...certificateDer]);
    });

    it('redeems an intent once, and nothing that is none', async () => {
      const { inventory } = opened;
      const { certificate } = issuanceIntent();
      const intent = issuanceIntent({ serial: certificate.serial });
      await expect(inventory.recordIssued(issued(certificate.serial))).rejects.toMatchObject({ code: 'conflict' });
      await inventory.recordIntent(intent);
      await inventory.recordIssued(issued(certificate.serial));
      await expect(inventory.recordIssued(issued(certificate.serial))).rejects.toMatchObject({ code: 'conflict' });
      expect((await inventory.counts()).auditEvents).toBe(2);
    });

    it('does not redeem an intent that was forgotten for a day', async () => {
      const { inventory } = opened;
      const intent = issuanceIntent();
      await inventory.recordIntent(intent);
      const late = issued(intent.certificate.serial, frozenNow + daySeconds * 1000);
      await expect(inventory.recordIssued(late)).rejects.toMatchObject({ code: 'conflict' });
    });

    it('refuses a serial twice without failing the acts beside it', async () => {
      const { inventory } = opened;
      const first = issuanceIntent();
      const again = issuanceIntent({ serial: first.certificate.serial });
      const others = Array.from({ length: 20 }, () => issuanceIntent());
      await inventory.recordIntent(first);
      const [refused, ...beside] = await Promise.allSettled(
        [again, ...others].map((one) => inventory.recordIntent(one)),
      );
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
      expect(beside.map(({ status }) => status)).toEqual(others.map(() => 'fulfilled'));
      expect(await inventory.counts()).toMatchObject({ certificates: 21, auditEvents: 21 });
    });

    it('finds nothing by a text that is no serial (bad input 51)', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory);
      for (const text of [
        '',
        '../',
        `${serial}0`,
        `${serial}../`,
        serial.slice(0, 38),
        serial.toUpperCase(),
        `'${serial}`,
      ]) {
        expect(await inventory.certificate(text)).toBeUndefined();
        expect(await inventory.certificateDer(text)).toBeUndefined();
      }
    });

    it('lists the open intents from before a time, and no others', async () => {
      const { inventory } = opened;
      const old = issuanceIntent({ requestedAt: frozenNow - 1 });
      await inventory.recordIntent(old);
      await inventory.recordIntent(issuanceIntent({ requestedAt: frozenNow }));
      await recordCertificate(inventory, { requestedAt: frozenNow - 2 });
      const found = await inventory.unfinishedIntents(frozenNow);
      expect(found.map(({ serial }) => serial)).toEqual([old.certificate.serial]);
    });
  });

  describe('closing an intent', () => {
    const opened = openedInventory(makeStore);

    it('revokes it as of that second, so that a signature nobody saw is on the list', async () => {
      const { inventory } = opened;
      const { serial, authority, notAfter } = await openIntent();
      expect(await inventory.closeIntent(closing(serial))).toBe(true);
      const revocation = { at: Math.floor((frozenNow + 1999) / 1000), reason: 'cessationOfOperation' };
      expect(await inventory.certificate(serial)).toMatchObject({ state: 'revoked', issuedAt: null, revocation });
      expect(await inventory.revokedEntries(authority, 0)).toEqual([{ serial, notAfter, ...revocation }]);
      const [closed] = await inventory.searchAuditEvents({ sort: '-seq', limit: 1 });
      expect(JSON.parse(closed!.canonical)).toMatchObject({
        kind: 'certificate.intentClosed',
        object: `certificate:${serial}`,
      });
    });

    it('does nothing to what is issued, closed or unknown', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory);
      const open = await openIntent();
      await inventory.closeIntent(closing(open.serial));
      const before = await inventory.counts();
      for (const other of [serial, open.serial, serialAt()]) {
        expect(await inventory.closeIntent(closing(other))).toBe(false);
      }
      expect(await inventory.counts()).toEqual(before);
      expect(await inventory.certificate(serial)).toMatchObject({ state: 'issued' });
    });

    it('cannot be redeemed any more', async () => {
      const { inventory } = opened;
      const { serial } = await openIntent();
      await inventory.closeIntent(closing(serial));
      await expect(inventory.recordIssued(issued(serial))).rejects.toMatchObject({ code: 'conflict' });
    });

    it('gives the token use back, forgets the Idempotency-Key and frees the predecessor', async () => {
      const { inventory } = opened;
      const predecessor = (await recordCertificate(inventory)).serial;
      await recordProduct(inventory);
      await inventory.createToken(enrolmentToken({ usesLeft: 1 }), auditEntry({ kind: 'token.created' }));
      const uses = {
        tokenId: enrolmentToken().id,
        idempotency: { scope: 'token:demo', key: 'k', bodySha256: randomHex(32) },
      };
      const first = issuanceIntent({ predecessor }, uses);
      expect(await inventory.recordIntent(first)).toEqual({ kind: 'recorded' });
      expect((await inventory.token(uses.tokenId))?.usesLeft).toBe(0);
      await inventory.closeIntent(closing(first.certificate.serial));
      expect((await inventory.token(uses.tokenId))?.usesLeft).toBe(1);
      expect((await inventory.certificate(predecessor))?.successor).toBeNull();
      expect(await inventory.recordIntent(issuanceIntent({ predecessor }, uses))).toEqual({ kind: 'recorded' });
    });

    const openIntent = async () => {
      const intent = issuanceIntent();
      await opened.inventory.recordIntent(intent);
      return intent.certificate;
    };
  });

  describe('token uses', () => {
    const opened = openedInventory(makeStore);
    const create = async (usesLeft: number | null, expiresAt?: number) => {
      await recordProduct(opened.inventory);
      const token = enrolmentToken({ usesLeft, ...(expiresAt !== undefined && { expiresAt }) });
      await opened.inventory.createToken(token, auditEntry({ kind: 'token.created' }));
    };
    const withToken = (requestedAt = frozenNow) => issuanceIntent({ requestedAt }, { tokenId: enrolmentToken().id });

    it('gives 100 parallel requests with one use exactly one intent (bad input 36)', async () => {
      const { inventory } = opened;
      await create(1);
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => inventory.recordIntent(withToken())));
      expect(outcomes.filter(({ kind }) => kind === 'recorded')).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === 'tokenUsedUp')).toHaveLength(99);
      expect(await inventory.counts()).toMatchObject({ certificates: 1, auditEvents: 4 });
      expect((await inventory.token(enrolmentToken().id))?.usesLeft).toBe(0);
    });

    it('never runs out of a token without a limit', async () => {
      const { inventory } = opened;
      await create(null);
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => inventory.recordIntent(withToken())));
      expect(outcomes.every(({ kind }) => kind === 'recorded')).toBe(true);
      expect((await inventory.token(enrolmentToken().id))?.usesLeft).toBeNull();
    });

    it('ends a token at its time, not after it', async () => {
      const { inventory } = opened;
      await create(5, frozenNow + 1000);
      expect(await inventory.recordIntent(withToken(frozenNow + 999))).toEqual({ kind: 'recorded' });
      expect(await inventory.recordIntent(withToken(frozenNow + 1000))).toEqual({ kind: 'tokenExpired' });
      expect((await inventory.token(enrolmentToken().id))?.usesLeft).toBe(4);
    });

    it('takes an unknown token for one that has ended', async () => {
      expect(await opened.inventory.recordIntent(withToken())).toEqual({ kind: 'tokenExpired' });
    });
  });

  describe('Idempotency-Keys', () => {
    const opened = openedInventory(makeStore);
    const bodySha256 = randomHex(32);
    const keyed = (overrides = {}, requestedAt = frozenNow) =>
      issuanceIntent({ requestedAt }, { idempotency: { scope: 'token:demo', key: 'key-1', bodySha256, ...overrides } });

    it('answers the same key and body with the first serial, whatever its state (bad input 37)', async () => {
      const { inventory } = opened;
      const first = keyed();
      const { serial } = first.certificate;
      await inventory.recordIntent(first);
      expect(await inventory.recordIntent(keyed())).toEqual({ kind: 'replay', serial });
      await inventory.recordIssued(issued(serial));
      expect(await inventory.recordIntent(keyed())).toEqual({ kind: 'replay', serial });
      expect(await inventory.counts()).toMatchObject({ certificates: 1 });
    });

    it('refuses the same key with another body (bad input 37)', async () => {
      const { inventory } = opened;
      await inventory.recordIntent(keyed());
      const outcome = await inventory.recordIntent(keyed({ bodySha256: randomHex(32) }));
      expect(outcome).toEqual({ kind: 'idempotencyConflict' });
    });

    it('keeps the keys of callers apart', async () => {
      const { inventory } = opened;
      await inventory.recordIntent(keyed());
      expect(await inventory.recordIntent(keyed({ scope: 'product:dev/b' }))).toEqual({ kind: 'recorded' });
      expect(await inventory.recordIntent(keyed({ key: 'key-2' }))).toEqual({ kind: 'recorded' });
    });

    it('lets one of many parallel requests win and answers the others with its serial', async () => {
      const { inventory } = opened;
      const intents = Array.from({ length: 50 }, () => keyed());
      const outcomes = await Promise.all(intents.map((intent) => inventory.recordIntent(intent)));
      const winner = intents[outcomes.findIndex(({ kind }) => kind === 'recorded')]!.certificate.serial;
      expect(outcomes.filter((outcome) => outcome.kind === 'replay' && outcome.serial === winner)).toHaveLength(49);
    });

    it('is asked before the token, so that a repeated request uses nothing up', async () => {
      const { inventory } = opened;
      await recordProduct(inventory);
      await inventory.createToken(enrolmentToken({ usesLeft: 1 }), auditEntry({ kind: 'token.created' }));
      const first = { ...keyed(), tokenId: enrolmentToken().id };
      await inventory.recordIntent(first);
      const again = await inventory.recordIntent({ ...keyed(), tokenId: enrolmentToken().id });
      expect(again).toEqual({ kind: 'replay', serial: first.certificate.serial });
    });

    it('can be asked for without an intent, which changes nothing', async () => {
      const { inventory } = opened;
      const { idempotency, certificate } = keyed();
      const ask = (bodySha256: string, at = frozenNow) =>
        inventory.idempotentOutcome({ ...idempotency!, bodySha256 }, at);
      expect(await ask(bodySha256)).toBeUndefined();
      await inventory.recordIntent({ ...keyed(), certificate });
      expect(await ask(bodySha256)).toEqual({ kind: 'replay', serial: certificate.serial });
      expect(await ask(randomHex(32))).toEqual({ kind: 'idempotencyConflict' });
      expect(await ask(bodySha256, frozenNow + daySeconds * 1000)).toBeUndefined();
    });

    it('is kept for its day, however many others come', async () => {
      const { inventory } = opened;
      const intents = Array.from({ length: 8 }, (_, index) => keyed({ key: `key-${index}` }, frozenNow + index));
      for (const intent of intents) await inventory.recordIntent(intent);
      for (const { certificate, idempotency } of intents) {
        const outcome = await inventory.idempotentOutcome(idempotency!, frozenNow + 8);
        expect(outcome).toEqual({ kind: 'replay', serial: certificate.serial });
      }
    });

    it('is forgotten after a day', async () => {
      const { inventory } = opened;
      await inventory.recordIntent(keyed());
      const nextDay = frozenNow + daySeconds * 1000;
      expect((await inventory.recordIntent(keyed({}, nextDay - 1))).kind).toBe('replay');
      expect((await inventory.recordIntent(keyed({}, nextDay))).kind).toBe('recorded');
    });

    it('is bound anew after its day, also while it is still there', async () => {
      const { inventory } = opened;
      for (const [index, key] of ['older', 'old', 'mine'].entries()) {
        await inventory.recordIntent(keyed({ key }, frozenNow + index));
      }
      const again = keyed({ key: 'mine' }, frozenNow + daySeconds * 1000 + 9);
      expect(await inventory.recordIntent(again)).toEqual({ kind: 'recorded' });
      const replay = { kind: 'replay', serial: again.certificate.serial };
      expect(await inventory.idempotentOutcome(again.idempotency!, again.certificate.requestedAt)).toEqual(replay);
    });

    it('goes for good as others come after its day, two for each of them', async () => {
      const { inventory } = opened;
      const old = Array.from({ length: 3 }, (_, index) => keyed({ key: `old-${index}` }, frozenNow + index));
      for (const intent of old) await inventory.recordIntent(intent);
      const nextDay = frozenNow + daySeconds * 1000;
      // Asked as of their own day, when what is still there would be repeated.
      const kept = () =>
        Promise.all(
          old.map(async ({ idempotency }) => (await inventory.idempotentOutcome(idempotency!, frozenNow))?.kind),
        );
      await inventory.recordIntent(keyed({ key: 'new-1' }, nextDay + 9));
      expect(await kept()).toEqual([undefined, undefined, 'replay']);
      await inventory.recordIntent(keyed({ key: 'new-2' }, nextDay + 9));
      expect(await kept()).toEqual([undefined, undefined, undefined]);
    });
  });

  describe('lineage', () => {
    const opened = openedInventory(makeStore);

    it('gives a certificate one successor, however many ask', async () => {
      const { inventory } = opened;
      const { serial: predecessor } = await recordCertificate(inventory);
      const intents = Array.from({ length: 20 }, () => issuanceIntent({ predecessor }));
      const outcomes = await Promise.all(intents.map((intent) => inventory.recordIntent(intent)));
      const successor = intents[outcomes.findIndex(({ kind }) => kind === 'recorded')]!.certificate.serial;
      expect(outcomes.filter(({ kind }) => kind === 'hasSuccessor')).toEqual(
        Array.from({ length: 19 }, () => ({ kind: 'hasSuccessor', successor })),
      );
      expect(await inventory.certificate(predecessor)).toMatchObject({ successor });
      expect(await inventory.certificate(successor)).toMatchObject({ predecessor });
    });

    it('uses nothing up when the predecessor has a successor', async () => {
      const { inventory } = opened;
      const { serial: predecessor } = await recordCertificate(inventory);
      await recordProduct(inventory);
      await inventory.createToken(enrolmentToken({ usesLeft: 3 }), auditEntry({ kind: 'token.created' }));
      await inventory.recordIntent(issuanceIntent({ predecessor }));
      await inventory.recordIntent(issuanceIntent({ predecessor }, { tokenId: enrolmentToken().id }));
      expect((await inventory.token(enrolmentToken().id))?.usesLeft).toBe(3);
    });
  });

  describe('blocked keys', () => {
    const opened = openedInventory(makeStore);

    it('blocks the key of an authority or operator from its intent on, and nobody else’s', async () => {
      const { inventory } = opened;
      for (const purpose of ['authority', 'operator'] as const) {
        const { keySha256 } = await recordCertificate(inventory, { purpose });
        expect(await inventory.keyBlock(keySha256)).toBe(purpose);
      }
      for (const purpose of ['product', 'server', 'ocspResponder'] as const) {
        const { keySha256 } = await recordCertificate(inventory, { purpose });
        expect(await inventory.keyBlock(keySha256)).toBeUndefined();
      }
    });

    it('issues a product nothing for a blocked key, whatever was asked before the intent', async () => {
      const { inventory } = opened;
      const compromised = await recordCertificate(inventory);
      const revocation = { at: frozenNow / 1000, reason: 'keyCompromise' } as const;
      await inventory.revokeCertificate({ serial: compromised.serial, revocation, audit: auditEntry() });
      const blocked = {
        authority: (await recordCertificate(inventory, { purpose: 'authority' })).keySha256,
        operator: (await recordCertificate(inventory, { purpose: 'operator' })).keySha256,
        compromised: compromised.keySha256,
      };
      const before = await inventory.counts();
      for (const [block, keySha256] of Object.entries(blocked)) {
        expect(await inventory.recordIntent(issuanceIntent({ keySha256 }))).toEqual({ kind: 'keyBlocked', block });
      }
      expect(await inventory.counts()).toEqual(before);
    });

    it('lets the holder of a blocked key have a further certificate', async () => {
      const { keySha256 } = await recordCertificate(opened.inventory, { purpose: 'operator' });
      const renewed = issuanceIntent(certificateDetails({ purpose: 'operator', keySha256 }));
      expect(await opened.inventory.recordIntent(renewed)).toEqual({ kind: 'recorded' });
    });
  });
}
