/** Contract of the inventory: an act changes what it names, and nothing of the same kind beside it. */
import { describe, expect, it } from 'vitest';
import type { RotationState } from '../../../src/domain/records/authority-rotation.ts';
import {
  auditEntry,
  authority,
  closing,
  enrolmentToken,
  frozenNow,
  generation,
  issuanceIntent,
  issued,
  product,
  randomHex,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import { judging, recordGrounds, recordRequest } from '../../support/request-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

export function bystanderContract(makeStore: () => Promise<InventoryStore>): void {
  describe('beside an intent another one', () => {
    const opened = openedInventory(makeStore);

    /** An intent that uses and is bound to everything an intent can be. */
    async function boundIntent(name: string) {
      const { inventory } = opened;
      await inventory.createToken(enrolmentToken({ id: name, usesLeft: 2 }), auditEntry());
      const { id: request } = await recordRequest(inventory);
      await inventory.approveRequest(judging(request));
      const { serial: predecessor } = await recordCertificate(inventory);
      const idempotency = { scope: 'product', key: name, bodySha256: randomHex(32) };
      const intent = issuanceIntent({ predecessor }, { tokenId: name, idempotency, request });
      expect(await inventory.recordIntent(intent)).toEqual({ kind: 'recorded' });
      const { serial } = intent.certificate;
      const seen = async () => ({
        certificate: await inventory.certificate(serial),
        predecessor: await inventory.certificate(predecessor),
        usesLeft: (await inventory.token(name))?.usesLeft,
        request: await inventory.request(request),
        repeated: await inventory.idempotentOutcome(idempotency, frozenNow),
      });
      return { serial, seen };
    }

    it('is as it was when this one is recorded, issued or closed', async () => {
      const { inventory } = opened;
      await recordGrounds(inventory);
      const [earlier, later] = [await recordCertificate(inventory), await recordCertificate(inventory)];
      const before = await boundIntent('a');
      const known = await before.seen();
      const [one, two] = [await boundIntent('b'), await boundIntent('c')];
      const after = await boundIntent('d');
      const open = await after.seen();
      expect(open).toMatchObject({ usesLeft: 1, request: { status: 'approved', serial: after.serial } });
      await inventory.recordIssued(issued(one.serial));
      expect(await inventory.closeIntent(closing(two.serial))).toBe(true);
      expect([await before.seen(), await after.seen()]).toEqual([known, open]);
      for (const { serial, der } of [earlier, later]) {
        expect(Buffer.compare((await inventory.certificateDer(serial))!, der)).toBe(0);
      }
      expect(await one.seen()).toMatchObject({
        ...{ certificate: { state: 'issued' }, predecessor: { successor: one.serial }, usesLeft: 1 },
        ...{ request: { status: 'issued' }, repeated: { kind: 'replay', serial: one.serial } },
      });
      expect(await two.seen()).toMatchObject({
        ...{ certificate: { state: 'revoked' }, predecessor: { successor: null }, usesLeft: 2 },
        ...{ request: { status: 'approved', serial: null }, repeated: undefined },
      });
    });
  });

  describe('beside a token that is used up or removed another one', () => {
    const opened = openedInventory(makeStore);

    it('is good, and goes on being listed', async () => {
      const { inventory } = opened;
      await recordGrounds(inventory);
      for (const [id, usesLeft] of [
        ['a', 0],
        ['b', 3],
        ['c', 0],
      ] as const) {
        await inventory.createToken(enrolmentToken({ id, usesLeft }), auditEntry());
      }
      expect(await inventory.recordIntent(issuanceIntent({}, { tokenId: 'b' }))).toEqual({ kind: 'recorded' });
      expect(await inventory.removeToken('a', auditEntry())).toBe(true);
      expect((await inventory.tokens({ limit: 9 })).map(({ id, usesLeft }) => [id, usesLeft])).toEqual([
        ['b', 2],
        ['c', 0],
      ]);
    });
  });

  describe('beside a product that was removed another one', () => {
    const opened = openedInventory(makeStore);

    it('keeps its tokens and requests, and is issued certificates', async () => {
      const { inventory } = opened;
      await recordGrounds(inventory);
      const gone = product({ id: 'dev/product-b' });
      await inventory.createProduct(gone, auditEntry());
      await inventory.changeProduct({ ...gone, version: 2 }, auditEntry());
      await inventory.createToken(enrolmentToken({ id: 'kept' }), auditEntry());
      await inventory.createToken(enrolmentToken({ id: 'gone', product: gone.id }), auditEntry());
      const waiting = await recordRequest(inventory);
      const removal = { id: gone.id, version: 2, at: frozenNow, operator: 'alice', audit: auditEntry() };
      expect(await inventory.removeProduct(removal)).toEqual({ kind: 'removed', tokens: ['gone'], requests: [] });
      expect((await inventory.tokens({ limit: 9 })).map(({ id }) => id)).toEqual(['kept']);
      expect(await inventory.request(waiting.id)).toMatchObject({ status: 'pending', endedAt: null });
      expect(await inventory.product('dev/product-a')).toEqual(product());
      expect(await inventory.productVersion(gone.id, 1)).toEqual({ ...gone, removedAt: null });
      expect(await inventory.recordIntent(issuanceIntent())).toEqual({ kind: 'recorded' });
    });
  });

  describe('beside an authority that is rotated another one', () => {
    const opened = openedInventory(makeStore);
    const audit = auditEntry({ kind: 'authority.rotationAdvanced' });

    /** In force with its first generation, and its second one being prepared. */
    async function rotating(name: string) {
      const { inventory } = opened;
      const certified = async () => (await recordCertificate(inventory, { purpose: 'authority' })).serial;
      await inventory.createAuthority(authority({ name }), randomHex(32), audit);
      await inventory.activateAuthority(name, await certified(), audit);
      const next = generation({ authority: name, vaultKey: `${name}.second` });
      const rotation = { authority: name, generation: 2, predecessor: 1, state: 'preparing', campaign: null } as const;
      const started = { startedAt: frozenNow, startedBy: 'operator:admin', changedAt: frozenNow };
      const keySha256 = randomHex(32);
      await inventory.startRotation({ rotation: { ...rotation, ...started }, generation: next, keySha256, audit });
      const own = { authority: name, generation: 2, kind: 'own', serial: await certified() } as const;
      await inventory.certifyGeneration(own, audit);
      const change = (from: RotationState, to: RotationState) =>
        inventory.changeRotation({ authority: name, generation: 2, from, to, at: frozenNow + 9, audit });
      const seen = async () => {
        const ofIt = (each: { readonly authority: string }): boolean => each.authority === name;
        return {
          authority: (await inventory.authorities()).find((each) => each.name === name),
          generations: (await inventory.generations()).filter(ofIt),
          certificates: (await inventory.authorityCertificates()).filter(ofIt),
          rotations: (await inventory.rotations()).filter(ofIt),
        };
      };
      return { name, change, seen, own };
    }

    it('stays in the state it was in, with its generations, keys and certificates', async () => {
      const { inventory } = opened;
      const first = await rotating('a-issuing');
      await first.change('preparing', 'issuing');
      const [own, last] = [await rotating('b-issuing'), await rotating('c-issuing')];
      const before = [await first.seen(), await last.seen()];
      expect(before.map(({ authority: each }) => each?.generation)).toEqual([2, 1]);
      expect(before[0]!.certificates.map((each) => each.generation).sort()).toEqual([1, 2]);
      const isChanged = [await own.change('preparing', 'issuing'), await own.change('preparing', 'abandoned')];
      expect(isChanged).toEqual([true, false]);
      await own.change('issuing', 'retiring');
      await own.change('retiring', 'retired');
      const responder = { vault: 'file', vaultKey: 'b-issuing.ocsp', certificateSerial: own.own.serial };
      await inventory.markGeneration({ authority: own.name, number: 1, keyDestroyedAt: frozenNow, responder, audit });
      expect([await first.seen(), await last.seen()]).toEqual(before);
      expect(await own.seen()).toMatchObject({
        authority: { generation: 2, vaultKey: 'b-issuing.second', certificateSerial: own.own.serial },
        generations: [
          { phase: 'retired', keyDestroyedAt: frozenNow },
          { phase: 'inForce', keyDestroyedAt: null },
        ],
        rotations: [{ state: 'retired' }],
      });
    });
  });
}
