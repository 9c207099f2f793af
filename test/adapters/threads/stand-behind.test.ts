import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { openSqliteInventory } from '#src/adapters/inventory-sqlite/inventory-sqlite.ts';
import type { Inventory } from '#src/ports/inventory.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let inventory: Inventory | undefined;
afterEach(() => inventory?.close());

/** Of each thread of this process (proc_pid_stat(5): field 19, counted from behind the name, which may hold anything). */
const priorities = (): Map<string, number> =>
  new Map(
    readdirSync('/proc/self/task').map((thread) => {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
      return [thread, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])];
    }),
  );

it.runIf(process.platform === 'linux')('has the writer’s thread give way to the event loop’s', async () => {
  const own = getPriority();
  const before = priorities();
  inventory = await openSqliteInventory({
    file: folder('inventory.db'),
    migrationsDirectory: 'migrations/sqlite',
  });
  const started = [...priorities()].filter(([thread]) => !before.has(thread));
  expect(started.map(([, priority]) => priority)).toContain(own + 4);
  expect(getPriority()).toBe(own);
});
