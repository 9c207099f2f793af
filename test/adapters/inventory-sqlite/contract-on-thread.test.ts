import { describe } from 'vitest';
import { inventoryContract } from '../../contracts/inventory.ts';
import { migratedStore } from '../../support/inventory-stores.ts';
import { judgesRequired } from '../../support/judges.ts';

/** The same acts as in contract.test.ts, and `writer/` tests what a thread adds: once more as the service writes them, in CI. */
describe.skipIf(!judgesRequired)('with a writer thread (minutes: only where judges are required)', () => {
  inventoryContract('the inventory on SQLite', () => migratedStore());
});
