import { describe } from 'vitest';
import { inventoryContract } from '../../contracts/inventory.ts';
import { migratedStore } from '../../support/inventory-stores.ts';
import { judgesRequired } from '../../support/judges.ts';

/** The same as in contract.test.ts, and `writer/` and `search/` test what threads add: once more as the service writes and searches, in CI. */
describe.skipIf(!judgesRequired)('with threads (minutes: only where judges are required)', () => {
  inventoryContract('the inventory on SQLite', () => migratedStore());
});
