import { inventoryContract } from '../../contracts/inventory.ts';
import { migratedStore } from '../../support/inventory-stores.ts';

inventoryContract('the inventory on SQLite', migratedStore);
