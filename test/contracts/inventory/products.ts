/** Contract of the inventory: products with their versions and tokens, and what keeps a product from being removed. */
import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/ports/inventory.ts';
import {
  auditEntry,
  daySeconds,
  enrolmentToken,
  environment,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  product,
  recordCertificate,
  recordProduct,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const audit = auditEntry({ kind: 'product.changed' });
const conflict = { code: 'conflict' };
const notFound = { code: 'notFound' };
const removing = {
  ...{ id: 'dev/product-a', version: 1, at: frozenNow, operator: 'alice' },
  audit: auditEntry({ kind: 'product.removed', actor: 'operator:alice' }),
};
const kindsOf = async (inventory: Inventory) => (await inventory.auditEvents(0, 100)).map(({ kind }) => kind);

export function productContract(makeStore: () => Promise<InventoryStore>): void {
  describe('products', () => {
    const opened = openedInventory(makeStore);

    it('are created and read back', async () => {
      const { inventory } = opened;
      const known = await recordProduct(inventory);
      const other = product({ id: 'dev/product-b', nameRules: [{ kind: 'ip', value: '10.0.0.0/8' }], contacts: [] });
      await inventory.createProduct(other, audit);
      for (const version of [1, 2])
        await expect(inventory.createProduct(product({ version }), audit)).rejects.toMatchObject(conflict);
      expect(await inventory.product('dev/product-b')).toEqual(other);
      expect(await inventory.product('dev/none')).toBeUndefined();
      expect(await inventory.productVersion('dev/none')).toBeUndefined();
      expect(await inventory.products({ limit: 10 })).toEqual([known, other]);
    });

    it('are listed by id, in pages, of one environment or all', async () => {
      const { inventory } = opened;
      for (const name of ['dev', 'dev-2']) await inventory.createEnvironment(environment({ name }), [], audit);
      const ids = ['dev-2/a', 'dev/a', 'dev/b', 'dev/c'];
      for (const id of ids.toReversed()) {
        await inventory.createProduct(product({ id, environment: id.split('/')[0]! }), audit);
      }
      const listed = async (query: Parameters<Inventory['products']>[0]) =>
        (await inventory.products(query)).map(({ id }) => id);
      expect(await listed({ limit: 10 })).toEqual(ids);
      expect(await listed({ limit: 2, after: 'dev-2/a' })).toEqual(['dev/a', 'dev/b']);
      expect(await listed({ limit: 10, environment: 'dev' })).toEqual(['dev/a', 'dev/b', 'dev/c']);
      expect(await listed({ limit: 10, environment: 'dev', after: 'dev/a' })).toEqual(['dev/b', 'dev/c']);
      expect(await listed({ limit: 10, environment: 'dev-2', after: 'dev/c' })).toEqual([]);
    });

    it('keep every version, and change once for all who begin with the same', async () => {
      const { inventory } = opened;
      const first = await recordProduct(inventory);
      const second = product({ version: 2, profiles: ['server'] });
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => inventory.changeProduct(second, audit)));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(await inventory.product(first.id)).toEqual(second);
      expect(await inventory.productVersion(first.id, 1)).toEqual({ ...first, removedAt: null });
      expect(await inventory.products({ limit: 10 })).toEqual([second]);
      await expect(inventory.changeProduct(product({ version: 5 }), audit)).rejects.toMatchObject(conflict);
      const none = product({ id: 'dev/none', version: 2 });
      await expect(inventory.changeProduct(none, audit)).rejects.toMatchObject(notFound);
      expect((await kindsOf(inventory)).filter((kind) => kind === 'product.changed')).toHaveLength(1);
    });
  });

  describe('the removal of a product', () => {
    const opened = openedInventory(makeStore);

    it('ends it and its tokens, and keeps its versions', async () => {
      const { inventory } = opened;
      const known = await recordProduct(inventory);
      await inventory.createToken(enrolmentToken(), auditEntry({ kind: 'token.created' }));
      expect(await inventory.removeProduct(removing)).toEqual({
        kind: 'removed',
        tokens: [enrolmentToken().id],
        requests: [],
      });
      expect(await inventory.product(known.id)).toBeUndefined();
      expect(await inventory.products({ limit: 10 })).toEqual([]);
      expect(await inventory.token(enrolmentToken().id)).toBeUndefined();
      expect(await inventory.productVersion(known.id)).toEqual({ ...known, removedAt: frozenNow });
      expect(await inventory.removeProduct(removing)).toEqual({ kind: 'notFound' });
      await expect(inventory.changeProduct(product({ version: 2 }), audit)).rejects.toMatchObject(notFound);
      await expect(inventory.createToken(enrolmentToken(), audit)).rejects.toMatchObject(notFound);
      expect((await kindsOf(inventory)).at(-1)).toBe('product.removed');
    });

    it('is of that one alone: another has its name, its version and its tokens still', async () => {
      const { inventory } = opened;
      await recordProduct(inventory);
      const other = product({ id: 'dev/product-b' });
      const token = enrolmentToken({ id: 'b', product: other.id });
      await inventory.createProduct(other, auditEntry({ kind: 'product.created' }));
      await inventory.createToken(token, auditEntry({ kind: 'token.created' }));
      await inventory.removeProduct(removing);
      expect(await inventory.product(other.id)).toEqual(other);
      expect(await inventory.token(token.id)).toEqual(token);
    });

    it('leaves nothing to be issued for it, to whoever was let in before', async () => {
      const { inventory } = opened;
      const known = await recordProduct(inventory);
      await inventory.createToken(enrolmentToken(), auditEntry({ kind: 'token.created' }));
      await inventory.removeProduct(removing);
      const before = await inventory.counts();
      const intent = issuanceIntent({ owner: known.id });
      await expect(inventory.recordIntent(intent)).rejects.toMatchObject({ code: 'unauthorized' });
      const byToken = await inventory.recordIntent({ ...intent, tokenId: enrolmentToken().id });
      expect(byToken).toEqual({ kind: 'tokenExpired' });
      expect(await inventory.counts()).toEqual(before);
      await inventory.createProduct(product({ version: 2 }), audit);
      expect(await inventory.recordIntent(intent)).toEqual({ kind: 'recorded' });
    });

    it('lets it come back, with the version that follows', async () => {
      const { inventory } = opened;
      const known = await recordProduct(inventory);
      await inventory.removeProduct(removing);
      for (const version of [1, 3])
        await expect(inventory.createProduct(product({ version }), audit)).rejects.toMatchObject(conflict);
      await inventory.createProduct(product({ version: 2 }), audit);
      expect(await inventory.product(known.id)).toEqual(product({ version: 2 }));
      expect((await inventory.productVersion(known.id, 1))?.removedAt).toBe(frozenNow);
    });

    it('is refused while certificates are good, on hold or being issued, and says how many', async () => {
      const { inventory } = opened;
      await recordProduct(inventory);
      const past = { notAfter: frozenNowSeconds - 1, notBefore: frozenNowSeconds - daySeconds };
      const { serial: held } = await recordCertificate(inventory);
      const { serial: revoked } = await recordCertificate(inventory);
      await recordCertificate(inventory);
      await recordCertificate(inventory, past);
      await recordCertificate(inventory, { owner: 'dev/product-b' });
      await inventory.recordIntent(issuanceIntent());
      const revoke = (serial: string, reason: 'certificateHold' | 'superseded') =>
        inventory.revokeCertificate({ serial, revocation: { at: frozenNowSeconds, reason }, audit: auditEntry() });
      await revoke(held, 'certificateHold');
      await revoke(revoked, 'superseded');
      const before = await inventory.counts();
      expect(await inventory.removeProduct(removing)).toEqual({ kind: 'hasCertificates', live: 3 });
      expect(await inventory.counts()).toEqual(before);
      expect(await inventory.product(removing.id)).toBeDefined();
    });

    it('is refused for a version that is not the newest', async () => {
      const { inventory } = opened;
      await recordProduct(inventory);
      await inventory.changeProduct(product({ version: 2 }), audit);
      await expect(inventory.removeProduct(removing)).rejects.toMatchObject(conflict);
    });
  });

  describe('tokens', () => {
    const opened = openedInventory(makeStore);

    it('are created for a product that is there, and read back', async () => {
      const { inventory } = opened;
      const token = enrolmentToken({ usesLeft: 3, profiles: ['server', 'peer'] });
      await expect(inventory.createToken(token, audit)).rejects.toMatchObject(notFound);
      await recordProduct(inventory);
      await inventory.createToken(token, audit);
      await expect(inventory.createToken(token, audit)).rejects.toMatchObject(conflict);
      expect(await inventory.token(token.id)).toEqual(token);
      expect(await inventory.token('none')).toBeUndefined();
    });

    it('are listed by id, in pages, of one product or all', async () => {
      const { inventory } = opened;
      await recordProduct(inventory);
      await inventory.createProduct(product({ id: 'dev/product-b' }), audit);
      for (const id of ['c', 'a', 'b']) await inventory.createToken(enrolmentToken({ id }), audit);
      await inventory.createToken(enrolmentToken({ id: 'ab', product: 'dev/product-b' }), audit);
      const listed = async (query: Parameters<Inventory['tokens']>[0]) =>
        (await inventory.tokens(query)).map(({ id }) => id);
      expect(await listed({ limit: 10 })).toEqual(['a', 'ab', 'b', 'c']);
      expect(await listed({ limit: 2, after: 'a' })).toEqual(['ab', 'b']);
      expect(await listed({ limit: 10, product: 'dev/product-a', after: 'a' })).toEqual(['b', 'c']);
    });

    it('are removed once, and are good for nothing from then on', async () => {
      const { inventory } = opened;
      await recordProduct(inventory);
      await inventory.createToken(enrolmentToken(), audit);
      const gone = auditEntry({ kind: 'token.removed' });
      expect(await inventory.removeToken(enrolmentToken().id, gone)).toBe(true);
      expect(await inventory.removeToken(enrolmentToken().id, gone)).toBe(false);
      expect((await kindsOf(inventory)).filter((kind) => kind === 'token.removed')).toHaveLength(1);
      const late = issuanceIntent({}, { tokenId: enrolmentToken().id });
      expect(await inventory.recordIntent(late)).toEqual({ kind: 'tokenExpired' });
    });
  });

  describe('the versions a certificate names', () => {
    const opened = openedInventory(makeStore);

    it('are kept and found by every way of reading', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory, { productVersion: 7, profileVersion: 3 });
      const expected = { productVersion: 7, profileVersion: 3 };
      expect(await inventory.certificate(serial)).toMatchObject(expected);
      const query = { sort: 'notAfter', limit: 1, now: frozenNowSeconds } as const;
      expect(await inventory.searchCertificates(query)).toEqual([expect.objectContaining(expected)]);
      const own = await recordCertificate(inventory, { purpose: 'operator', productVersion: null });
      expect((await inventory.certificate(own.serial))?.productVersion).toBeNull();
    });
  });
}
