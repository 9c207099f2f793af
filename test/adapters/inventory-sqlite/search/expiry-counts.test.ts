/** Counting in slices: every row once, whatever the slices, and others get their turns. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openForReading } from '../../../../src/adapters/inventory-sqlite/connection.ts';
import { expiryCounter } from '../../../../src/adapters/inventory-sqlite/search/expiry-counts.ts';
import type { Inventory } from '../../../../src/ports/inventory.ts';
import { frozenNowSeconds, issuanceIntent, recordCertificate } from '../../../support/inventory-builders.ts';
import { migratedStore, type SqliteStore } from '../../../support/inventory-stores.ts';

let store: SqliteStore;
let inventory: Inventory;
const asked = { now: frozenNowSeconds, boundsDays: [1, 30] };
const expected = ['dev/first', 'dev/last'].map((owner) => ({ owner, band: 2, certificates: 1, withoutSuccessor: 1 }));

beforeAll(async () => {
  store = await migratedStore();
  inventory = await store.open();
  await recordCertificate(inventory, { owner: 'dev/first' });
  // More rows than the search thread takes in one slice.
  await Promise.all(Array.from({ length: 6_000 }, () => inventory.recordIntent(issuanceIntent())));
  await recordCertificate(inventory, { owner: 'dev/last' });
});
afterAll(() => store.remove());

describe('the count of expiries', () => {
  it.each([1000, 5999, 6000, 6001, 6002, 6003])('in slices of %i rows counts every row once', async (sliceRows) => {
    const connection = openForReading({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
    expect(await expiryCounter(connection, sliceRows).count(asked)).toEqual(expected);
    connection.close();
  });

  it('lets a search that came later be answered first', async () => {
    const order: string[] = [];
    const counting = inventory.expiryCounts(asked).then(() => order.push('expiries'));
    await inventory.counts().then(() => order.push('counts'));
    await counting;
    expect(order).toEqual(['counts', 'expiries']);
  });

  it('stops between two slices, and tells whoever waits for it', async () => {
    const connection = openForReading({ file: store.file, busyTimeoutMs: 100, cacheKib: 1000 });
    const counter = expiryCounter(connection, 10);
    const told = expect(counter.count(asked)).rejects.toMatchObject({ code: 'stopping' });
    await counter.stop();
    connection.close();
    await told;
  });

  it('leaves nobody waiting when the inventory closes', async () => {
    const counting = inventory.expiryCounts(asked).catch(({ code }: { code: string }) => code);
    await inventory.close();
    expect(['stopping', expected]).toContainEqual(await counting);
  });
});
