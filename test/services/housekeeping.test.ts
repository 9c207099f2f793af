/** The steps of the housekeeping do not depend on each other: one that fails keeps none of the others from being done. */
import { expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../src/domain/errors.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { codeOf } from '../support/rejection.ts';
import { firstRunService, openService } from '../support/service-builder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('does everything else although the authorities cannot be read, and says that it failed', async () => {
  const home = temporaryFolder().path;
  await (await firstRunService({ home })).close();
  const asked = new Set<string>();
  const wrapInventory = (inventory: Inventory): Inventory =>
    new Proxy(inventory, {
      get(target, name) {
        asked.add(String(name));
        if (name !== 'authorities') return Reflect.get(target, name);
        return () => Promise.reject(new CaError('inventoryUnavailable', 'no authorities'));
      },
    });
  const service = await openService({ home, wrapInventory });
  onTestFinished(() => service.close());
  asked.clear();
  expect(await codeOf(service.housekeep())).toBe('inventoryUnavailable');
  const steps = [
    'unfinishedIntents',
    'unfinishedCompromises',
    'dueSupersessions',
    'campaignsUnderWay',
    'archivable',
    'latestCheckpoint',
    'catchUp',
  ];
  expect([...asked]).toEqual(expect.arrayContaining([...steps, 'dueRequests']));
});
