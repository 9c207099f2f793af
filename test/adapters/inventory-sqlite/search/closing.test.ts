import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { frozenNowSeconds, recordCertificate } from '../../../support/inventory-builders.ts';
import { migratedStore } from '../../../support/inventory-stores.ts';
import { codeOf } from '../../../support/rejection.ts';

describe('searches that are left when the inventory closes', () => {
  it.each([0, 1])('are not waited for, and told so, with %i answered before', async (before) => {
    const store = await migratedStore();
    onTestFinished(() => store.remove());
    const inventory = await store.open();
    await recordCertificate(inventory);
    const search = () => inventory.searchCertificates({ sort: 'requestedAt', limit: 10, now: frozenNowSeconds });
    for (let count = 0; count < before; count++) expect(await search()).toHaveLength(1);
    const left = Array.from({ length: 50 }, () => codeOf(search()));
    await inventory.close();
    expect(new Set(await Promise.all(left))).toEqual(new Set(['stopping']));
    // The thread's connection is closed with it, or the last one could not copy the log and remove it.
    expect(existsSync(`${store.file}-wal`)).toBe(false);
    const again = await store.open();
    expect(await again.searchCertificates({ sort: 'requestedAt', limit: 10, now: frozenNowSeconds })).toHaveLength(1);
    await again.close();
  });
});
