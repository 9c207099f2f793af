/** Searches where nobody can answer them for a while, in a thread and without. */
import { renameSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { frozenNowSeconds, recordCertificate } from '../../../support/inventory-builders.ts';
import { migratedStore } from '../../../support/inventory-stores.ts';
import { codeOf } from '../../../support/rejection.ts';

it.each(['threads', 'here'] as const)(
  'are refused while the database is away, and answered when it is back (%s)',
  async (work) => {
    const store = await migratedStore({ work });
    onTestFinished(() => store.remove());
    const inventory = await store.open();
    await recordCertificate(inventory);
    const search = () => inventory.searchCertificates({ sort: 'requestedAt', limit: 10, now: frozenNowSeconds });
    const elsewhere = `${store.file}.away`;
    renameSync(store.file, elsewhere);
    const refused = await Promise.all([codeOf(search()), codeOf(search())]);
    renameSync(elsewhere, store.file);
    expect(refused).toEqual(['inventoryUnavailable', 'inventoryUnavailable']);
    expect(await search()).toHaveLength(1);
  },
);
