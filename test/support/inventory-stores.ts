/** Stores of the SQLite inventory in temporary folders, for tests that need one to write to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openSqliteInventory,
  type SqliteInventoryOptions,
} from '../../src/adapters/inventory-sqlite/inventory-sqlite.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { InventoryStore } from '../contracts/inventory.ts';
import { plainRenderers } from '../fixtures/threads/plain-renderers.ts';
import { migrationsDirectory, newDatabase } from './new-database.ts';

const given = {
  migrationsDirectory,
  searchThread: new URL('../fixtures/threads/plain-search-thread.ts', import.meta.url),
  renderers: plainRenderers,
};

export interface SqliteStore extends InventoryStore {
  readonly folder: string;
  readonly file: string;
  open(options?: Partial<SqliteInventoryOptions>): Promise<Inventory>;
}

/** An empty inventory, migrated already. */
export async function migratedStore(defaults?: Partial<SqliteInventoryOptions>): Promise<SqliteStore> {
  const store = await sqliteStore(defaults);
  newDatabase(store.file);
  return store;
}

/** Without a file: the first open makes it. */
export async function sqliteStore(defaults: Partial<SqliteInventoryOptions> = {}): Promise<SqliteStore> {
  const folder = mkdtempSync(join(tmpdir(), 'privyseal-inventory-'));
  const file = join(folder, 'privyseal.db');
  const inventories: Inventory[] = [];
  return {
    folder,
    file,
    async open(options = {}) {
      const inventory = await openSqliteInventory({ ...given, file, ...defaults, ...options });
      inventories.push(inventory);
      return inventory;
    },
    async remove() {
      for (const inventory of inventories) await inventory.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
