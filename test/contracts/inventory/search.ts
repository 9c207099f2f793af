/** Contract of the inventory: every filter, literal; both orders; pages that neither repeat nor skip while rows arrive. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { CertificateDetails } from '../../../src/domain/records/certificate.ts';
import type { CertificateQuery } from '../../../src/ports/inventory-questions.ts';
import {
  auditEntry,
  daySeconds,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const day = (count: number): number => frozenNowSeconds + count * daySeconds;

export function searchContract(makeStore: () => Promise<InventoryStore>): void {
  const opened = () => openedInventory(makeStore);

  describe('searching', () => {
    const { find, record } = searching(opened());

    it('filters by what a certificate is, whose, and who asked', async () => {
      const a = await record({ owner: 'dev/a', requestedBy: 'token:one' });
      const b = await record({ owner: 'dev/b', profile: 'client', requestedBy: 'product:dev/b' });
      const c = await record({ owner: 'prod/c', environment: 'prod', authority: 'prod-issuing' });
      const d = await record({ owner: 'server', environment: null, purpose: 'server', authority: 'system' });
      expect(await find({ owner: 'dev/a' })).toEqual([a]);
      expect(await find({ profile: 'client' })).toEqual([b]);
      expect(await find({ environment: 'prod' })).toEqual([c]);
      expect(await find({ authority: 'system' })).toEqual([d]);
      expect(await find({ purpose: 'server' })).toEqual([d]);
      expect(await find({ purpose: 'product' })).toEqual([a, b, c]);
      expect(await find({ requestedBy: 'token:one' })).toEqual([a]);
      expect(await find({ environment: 'dev', profile: 'server' })).toEqual([a]);
      expect(await find({ environment: 'dev', owner: 'prod/c' })).toEqual([]);
      expect(await find({})).toEqual([a, b, c, d]);
    });

    it('filters by key', async () => {
      const keySha256 = 'ab'.repeat(32);
      const one = await record({ keySha256 });
      await record();
      expect(await find({ keySha256 })).toEqual([one]);
      expect(await find({ keySha256: 'cd'.repeat(32) })).toEqual([]);
    });

    it('filters by the times of expiry and issue, the bounds left out', async () => {
      const [early, middle, late] = [
        await record({ notAfter: day(1), requestedAt: frozenNow }),
        await record({ notAfter: day(2), requestedAt: frozenNow + 60_000 }),
        await record({ notAfter: day(3), requestedAt: frozenNow + 120_000 }),
      ];
      expect(await find({ notAfterBefore: day(2) })).toEqual([early]);
      expect(await find({ notAfterAfter: day(2) })).toEqual([late]);
      expect(await find({ notAfterAfter: day(1), notAfterBefore: day(3) })).toEqual([middle]);
      expect(await find({ issuedAfter: frozenNowSeconds + 30 })).toEqual([middle, late]);
      expect(await find({ issuedAfter: frozenNowSeconds + 30, sort: '-notAfter' })).toEqual([late, middle]);
    });

    it('finds no intent by the time of issue', async () => {
      await record({}, { redeem: false });
      expect(await find({ issuedAfter: 0 })).toEqual([]);
    });

    it('judges the status at the time of the query', async () => {
      const pending = await record({}, { redeem: false });
      const valid = await record({ notAfter: day(2) });
      const expired = await record({ notAfter: day(1) - 1 });
      const revoked = await record({ notAfter: day(9) }, { revoke: 'superseded' });
      const held = await record({ notAfter: day(9) }, { revoke: 'certificateHold' });
      const now = day(1);
      for (const sort of ['requestedAt', 'notAfter'] as const) {
        expect(await find({ status: 'pending', now, sort })).toEqual([pending]);
        expect(await find({ status: 'valid', now, sort })).toEqual([valid]);
        expect(await find({ status: 'expired', now, sort })).toEqual([expired]);
        expect(await find({ status: 'revoked', now, sort })).toEqual([revoked]);
        expect(await find({ status: 'held', now, sort })).toEqual([held]);
        expect(await find({ isRevocable: true, now, sort })).toEqual([valid, held]);
      }
      expect(await find({ status: 'valid', now: day(2) })).toEqual([valid]);
      expect(await find({ status: 'expired', now: day(2) + 1 })).toEqual([valid, expired]);
      expect(await find({ isRevocable: true, now: day(2) + 1 })).toEqual([held]);
      expect(await find({ isRevocable: true, now: day(9) + 1 })).toEqual([]);
    });
  });

  describe('searching by name', () => {
    const search = opened();
    const { find, record } = searching(search);

    it('matches a name exactly, any of several', async () => {
      const one = await record({ names: ['demo.dev.internal', '10.0.0.1'] });
      await record({ names: ['xdemo.dev.internal', 'demo.dev.internal.x'] });
      expect(await find({ name: 'demo.dev.internal' })).toEqual([one]);
      expect(await find({ name: '10.0.0.1' })).toEqual([one]);
      expect(await find({ name: 'dev.internal' })).toEqual([]);
    });

    it('matches every name below a suffix, not the suffix itself nor what merely ends alike', async () => {
      const below = await record({ names: ['demo.dev.internal', 'other.dev.internal'] });
      const deep = await record({ names: ['a.b.dev.internal'] });
      const wild = await record({ names: ['*.dev.internal'] });
      await record({ names: ['dev.internal', 'xdev.internal', 'dev.internal.org'] });
      expect(await find({ name: '*.dev.internal' })).toEqual([below, deep, wild]);
      expect(await find({ name: '*.b.dev.internal' })).toEqual([deep]);
      expect(await find({ name: '*.*.dev.internal' })).toEqual([]);
    });

    it('takes text literally and folds its case (bad input 47)', async () => {
      const plain = await record({ names: ['demo.dev.internal'], subject: 'CN=demo.dev.internal' });
      const odd = await record({ names: ['spiffe://dev/50%_off'], subject: "O=Zoë's \\ Co" });
      expect(await find({ text: 'DEMO.dev' })).toEqual([plain]);
      expect(await find({ text: '50%' })).toEqual([odd]);
      expect(await find({ text: '0%_' })).toEqual([odd]);
      expect(await find({ text: ' \\ ' })).toEqual([odd]);
      expect(await find({ text: "'s " })).toEqual([odd]);
      expect(await find({ text: 'zoË' })).toEqual([odd]);
      expect(await find({ text: 'd%o' })).toEqual([]);
      expect(await find({ text: '""" OR' })).toEqual([]);
      expect(await find({ text: 'dem\0' })).toEqual([]);
      expect(await find({ text: "' OR 1=1 --" })).toEqual([]);
    });

    it('finds in a subject what differs in case alone, whatever its script, and wherever the text ends', async () => {
      const kelvin = await record({ names: [], subject: 'O=Bureau of \u212Aelvin' });
      const dotted = await record({ names: [], subject: 'O=ALİ AŞ' });
      const greek = await record({ names: [], subject: 'O=Ο ΔΗΜΟΣ' });
      const small = await record({ names: [], subject: 'O=δημόσιος φορέας' });
      const host = await record({ names: ['kelvin.dev.internal'], subject: '' });
      for (const isIndexed of [false, true]) {
        if (isIndexed) while (await search.inventory.catchUp(frozenNowSeconds));
        for (const text of ['kelvin', 'KELVIN', '\u212Aelvin']) expect(await find({ text })).toEqual([kelvin, host]);
        for (const text of ['ali', '=AL', 'ali\u0307', 'alİ aş']) expect(await find({ text })).toEqual([dotted]);
        for (const text of ['δημος', 'ΔΗΜΟΣ', 'Δημος', 'δημοσ', 'ΜΟΣ']) expect(await find({ text })).toEqual([greek]);
        for (const text of ['ΔΗΜΌΣ', 'δημόσ', 'σιοσ', 'ΣΙΟΣ Φ']) expect(await find({ text })).toEqual([small]);
      }
      expect(await find({ text: 'straße' })).toEqual([]);
    });

    it('takes every other filter literally, too (bad input 47)', async () => {
      await record();
      for (const text of ['%', '_', '\\', "'", "' OR '1'='1", 'de_', 'd%', '*', '']) {
        expect(await find({ name: text })).toEqual([]);
        expect(await find({ name: `*.${text}` })).toEqual([]);
        expect(await find({ owner: text })).toEqual([]);
        expect(await find({ requestedBy: text })).toEqual([]);
        expect(await find({ keySha256: text })).toEqual([]);
      }
    });
  });

  describe('paging', () => {
    const search = opened();
    const { record } = searching(search);

    /** Reads all pages; `between` runs after each. */
    async function pages(filter: Partial<CertificateQuery>, between: () => Promise<unknown> = async () => {}) {
      const query: CertificateQuery = { sort: 'requestedAt', limit: 3, now: frozenNowSeconds, ...filter };
      const serials: string[] = [];
      let after: CertificateQuery['after'];
      for (;;) {
        const rows = await search.inventory.searchCertificates({ ...query, ...(after && { after }) });
        serials.push(...rows.map(({ serial }) => serial));
        const last = rows.at(-1);
        if (!last || rows.length < query.limit) return serials;
        after = { sortValue: query.sort.endsWith('notAfter') ? last.notAfter : last.requestedAt, serial: last.serial };
        await between();
      }
    }

    beforeEach(async () => {
      // Five of one moment and five of another expiry, so that ties span pages.
      for (let index = 0; index < 10; index++) {
        await record({ requestedAt: frozenNow + Math.floor(index / 5), notAfter: day(1 + (index % 2)) });
      }
    });

    it('passes every row once in each order, ties among them', async () => {
      const ascending = await pages({ sort: 'requestedAt' });
      expect(new Set(ascending).size).toBe(10);
      expect(await pages({ sort: '-requestedAt' })).toEqual(ascending.toReversed());
      const byExpiry = await pages({ sort: 'notAfter' });
      expect(new Set(byExpiry).size).toBe(10);
      expect(await pages({ sort: '-notAfter' })).toEqual(byExpiry.toReversed());
      expect(await pages({ sort: 'notAfter', owner: 'dev/product-a', limit: 2 })).toEqual(byExpiry);
    });

    it('passes every row that was there once, while others arrive', async () => {
      const before = await pages({ sort: '-requestedAt' });
      const arriving = () => record({ requestedAt: frozenNow + 10, notAfter: day(1) });
      const seen = await pages({ sort: '-requestedAt', limit: 2 }, arriving);
      expect(seen).toEqual(before);
      const forward = await pages({ sort: 'notAfter', limit: 2 }, async () => {});
      expect(new Set(forward).size).toBe(forward.length);
      expect(forward).toEqual(expect.arrayContaining(before));
    });
  });
}

function searching(opened: ReturnType<typeof openedInventory>) {
  /** Serials found, in order of request unless said otherwise. */
  const find = async (filter: Partial<CertificateQuery>): Promise<string[]> => {
    const query: CertificateQuery = { sort: 'requestedAt', limit: 100, now: frozenNowSeconds, ...filter };
    return (await opened.inventory.searchCertificates(query)).map(({ serial }) => serial);
  };

  const record = async (
    overrides: Partial<CertificateDetails> = {},
    { redeem = true, revoke }: { redeem?: boolean; revoke?: 'superseded' | 'certificateHold' } = {},
  ): Promise<string> => {
    const { inventory } = opened;
    if (!redeem) {
      const intent = issuanceIntent(overrides);
      await inventory.recordIntent(intent);
      return intent.certificate.serial;
    }
    const { serial } = await recordCertificate(inventory, overrides);
    const revocation = revoke && { at: frozenNowSeconds, reason: revoke };
    if (revocation) await inventory.revokeCertificate({ serial, revocation, audit: auditEntry() });
    return serial;
  };
  return { find, record };
}
