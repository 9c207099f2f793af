/** Contract of the inventory: an act changes what it names, and nothing of the same kind beside it. */
import { describe, expect, it } from 'vitest';
import {
  auditEntry,
  enrolmentToken,
  frozenNow,
  issuanceIntent,
  product,
  randomHex,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import { judging, recordGrounds, recordRequest } from '../../support/request-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const issued = (serial: string) => ({
  serial,
  certificateDer: new Uint8Array([0x30, 0x00]),
  issuedAt: frozenNow + 20,
  audit: auditEntry({ kind: 'certificate.issued' }),
});
const closing = (serial: string) => ({ serial, at: frozenNow + 30, audit: auditEntry() });

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
      const before = await boundIntent('a');
      const known = await before.seen();
      const [one, two] = [await boundIntent('b'), await boundIntent('c')];
      const after = await boundIntent('d');
      const open = await after.seen();
      expect(open).toMatchObject({ usesLeft: 1, request: { status: 'approved', serial: after.serial } });
      await inventory.recordIssued(issued(one.serial));
      expect(await inventory.closeIntent(closing(two.serial))).toBe(true);
      expect([await before.seen(), await after.seen()]).toEqual([known, open]);
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

    it('keeps its tokens, and is issued certificates', async () => {
      const { inventory } = opened;
      await recordGrounds(inventory);
      const gone = product({ id: 'dev/product-b' });
      await inventory.createProduct(gone, auditEntry());
      await inventory.changeProduct({ ...gone, version: 2 }, auditEntry());
      await inventory.createToken(enrolmentToken({ id: 'kept' }), auditEntry());
      await inventory.createToken(enrolmentToken({ id: 'gone', product: gone.id }), auditEntry());
      const removal = { id: gone.id, version: 2, at: frozenNow, audit: auditEntry() };
      expect(await inventory.removeProduct(removal)).toEqual({ kind: 'removed', tokens: ['gone'] });
      expect((await inventory.tokens({ limit: 9 })).map(({ id }) => id)).toEqual(['kept']);
      expect(await inventory.product('dev/product-a')).toEqual(product());
      expect(await inventory.recordIntent(issuanceIntent())).toEqual({ kind: 'recorded' });
    });
  });
}
