import { inventoryContract } from '../../contracts/inventory.ts';
import { sqliteStore } from '../../support/inventory-stores.ts';

inventoryContract('the inventory on SQLite', sqliteStore);
