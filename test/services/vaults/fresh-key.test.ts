/** Keys that were made, but not recorded: whoever asks again takes them, and none is left behind. */
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { examineDatabase } from '../../../src/adapters/inventory-sqlite/copies/examine-database.ts';
import type { BegunKey } from '../../../src/domain/diagnosis/judge-keys.ts';
import { CaError } from '../../../src/domain/errors.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { chooseNewestLists } from '../../../src/services/backup/newest-lists.ts';
import { restoreInventory } from '../../../src/services/backup/restore-inventory.ts';
import { backupManifest } from '../../support/backup-builders.ts';
import { codeOf } from '../../support/rejection.ts';
import { admin, firstRunService, openService, type TestService } from '../../support/service-builder.ts';
import { suiteHomes } from '../../support/suite-folder.ts';

const newHome = suiteHomes();
let service: TestService;
afterEach(() => service.close());

/** The inventory with one write that fails, as on a full disk, while `isFull` says so. */
const failing =
  (write: 'setSetting' | 'startRotation' | 'createAuthority', isFull: () => boolean) =>
  (inventory: Inventory): Inventory =>
    new Proxy(inventory, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (name !== write || !isFull()) return typeof method === 'function' ? method.bind(target) : method;
        return async () => {
          throw new CaError('inventoryUnavailable', 'The disk is full.');
        };
      },
    });

const keyNames = async (): Promise<readonly string[]> => (await service.vault.listKeys()).map(({ name }) => name);
const rotate = () => service.services.startRotation(admin, 'dev-issuing', {});
const nextKey = async () => (await service.inventory.generations()).find(({ phase }) => phase === 'coming')?.vaultKey;

/** What the doctor looks for in the vaults. */
function begunIn(home: string): readonly BegunKey[] {
  const facts = examineDatabase(join(home, 'privyseal.db'), 'migrations/sqlite', 0);
  if (facts === 'outdated') throw new Error(facts);
  return facts.begunKeys;
}

/** A rotation whose key was made, and not recorded; resolves to that key. */
async function cutShort(home: string): Promise<string> {
  let isFull = false;
  service = await firstRunService({ home, wrapInventory: failing('startRotation', () => isFull) });
  const before = await keyNames();
  isFull = true;
  expect(await codeOf(rotate())).toBe('inventoryUnavailable');
  isFull = false;
  const made = (await keyNames()).filter((name) => !before.includes(name));
  expect(made).toHaveLength(1);
  return made[0]!;
}

it.each([
  ['the same run', false],
  ['the next run', true],
])('a rotation that could not be recorded goes on with the key it made, in %s', async (_which, restarts) => {
  const home = newHome();
  const made = await cutShort(home);
  if (restarts) {
    await service.close();
    service = await openService({ home });
  }
  const keys = await keyNames();
  expect(begunIn(home)).toEqual([{ vault: 'file', key: made, purpose: 'dev-issuing', isTakenUp: true }]);
  await rotate();
  expect(begunIn(home)).toEqual([]);
  expect(await nextKey()).toBe(made);
  expect(await keyNames()).toEqual(keys);
});

it('a key that could be recorded nowhere is not made', async () => {
  let isFull = false;
  service = await firstRunService({ home: newHome(), wrapInventory: failing('setSetting', () => isFull) });
  const before = await keyNames();
  isFull = true;
  expect(await codeOf(rotate())).toBe('inventoryUnavailable');
  expect(await keyNames()).toEqual(before);
});

it('an authority that could not be recorded has the key that was made for it', async () => {
  let isFull = true;
  service = await openService({ home: newHome(), wrapInventory: failing('createAuthority', () => isFull) });
  expect(await codeOf(service.ensureFirstRun())).toBe('inventoryUnavailable');
  isFull = false;
  await service.ensureFirstRun();
  expect((await keyNames()).filter((name) => name.startsWith('system.'))).toHaveLength(1);
});

it('a key of a rotation that was given up is not used again', async () => {
  service = await firstRunService({ home: newHome() });
  await rotate();
  const first = await nextKey();
  await service.services.abandonRotation(admin, 'dev-issuing');
  await rotate();
  expect(await nextKey()).not.toBe(first);
});

it('after a restore another key is made, for what was made then may have been used since', async () => {
  const home = newHome();
  const made = await cutShort(home);
  const manifest = backupManifest({ authorities: [] });
  const lists = chooseNewestLists(manifest, { given: [], withoutCrl: [] });
  const plan = { manifest, lists, withoutCrl: [], keepTokens: true };
  await restoreInventory({ ...service, now: service.clock.now(), version: '0.1.0' }, plan);
  expect(begunIn(home)).toMatchObject([{ key: made, isTakenUp: false }]);
  await rotate();
  expect(await nextKey()).not.toBe(made);
});
