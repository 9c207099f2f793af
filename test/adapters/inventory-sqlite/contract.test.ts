import { inventoryContract } from '../../contracts/inventory.ts';
import { migratedStore } from '../../support/inventory-stores.ts';

// Without a thread for each test: their starts take three times as long as all the tests.
inventoryContract('the inventory on SQLite', () => migratedStore({ work: 'here' }));
