/** The steps of the housekeeping do not depend on each other: one that fails keeps none of the others from being done. */
import { expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../src/domain/errors.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { createHousekeeping } from '../../src/services/housekeeping.ts';
import { codeOf } from '../support/rejection.ts';
import { firstRunService, openService } from '../support/service-builder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('does everything else although authorities and requests cannot be read, and says which steps failed', async () => {
  const home = temporaryFolder().path;
  await (await firstRunService({ home })).close();
  const asked = new Set<string>();
  const wrapInventory = (inventory: Inventory): Inventory =>
    new Proxy(inventory, {
      get(target, name) {
        asked.add(String(name));
        if (name !== 'authorities' && name !== 'dueRequests') return Reflect.get(target, name);
        return () => Promise.reject(new CaError('inventoryUnavailable', `no ${name}`));
      },
    });
  const failed: unknown[] = [];
  const quiet = () => undefined;
  const log = { info: quiet, warn: quiet, error: ({ step }: { step?: unknown }) => void failed.push(step) };
  const service = await openService({ home, wrapInventory, log });
  onTestFinished(() => service.close());
  asked.clear();
  expect(await codeOf(service.housekeep())).toBe('inventoryUnavailable');
  // What a step has told of itself has no name.
  expect(failed.filter((step) => step !== undefined)).toEqual(['publishLists', 'tendRequests']);
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

it('logs a step that fails each second once for each reason, and once when it succeeds again', async () => {
  const lines: string[] = [];
  const log = {
    info: (_fields: object, message: string) => void lines.push(message),
    warn: () => undefined,
    error: ({ err }: { err?: unknown }) => void lines.push((err as Error).message),
  };
  let reason: string | undefined;
  const takeRound = createHousekeeping(log, {
    signAuditLog: async () => {
      if (reason) throw new Error(reason);
    },
  });
  for (reason of [
    undefined,
    'disk full',
    'disk full',
    'vault sealed',
    'vault sealed',
    undefined,
    undefined,
    'disk full',
  ])
    await takeRound().catch(() => undefined);
  expect(lines).toEqual(['disk full', 'vault sealed', 'a step of the housekeeping succeeds again', 'disk full']);
});
