/** An inventory for each test of a contract, opened on a store of its own. */
import { afterEach, beforeEach } from 'vitest';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { InventoryStore } from '../inventory.ts';

export interface Opened {
  /** The inventory of the running test. */
  readonly inventory: Inventory;
  /** Closes it and opens the same store again. */
  reopen(): Promise<Inventory>;
}

/** Registers the hooks of a `describe`; read `inventory` inside tests only. */
export function openedInventory(makeStore: () => Promise<InventoryStore>): Opened {
  let store: InventoryStore;
  let inventory: Inventory;
  beforeEach(async () => {
    store = await makeStore();
    inventory = await store.open();
  });
  afterEach(() => store.remove());
  return {
    get inventory() {
      return inventory;
    },
    async reopen() {
      await inventory.close();
      inventory = await store.open();
      return inventory;
    },
  };
}
