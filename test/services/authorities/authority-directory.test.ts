/** What the directory of authorities keeps of what it read, when a read fails. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { failingOnce } from '../../support/failing-once.ts';
import { codeOf } from '../../support/rejection.ts';
import { firstRunService, openService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();

it.each([
  ['the register', 'authorityCertificates'],
  ['a certificate', 'certificateDer'],
] satisfies [string, keyof Inventory][])('a read of %s that failed is tried again', async (_what, read) => {
  const home = join(folder(read), 'home');
  await (await firstRunService({ home })).close();
  const failing = failingOnce(read, 1);
  const service = await openService({ home, wrapInventory: failing.around });
  try {
    failing.arm();
    expect(await codeOf(service.services.listAuthorities())).toBe('inventoryUnavailable');
    expect((await service.services.authority('dev-issuing')).id).toBe('dev-issuing');
    expect((await service.services.listAuthorities()).map(({ id }) => id).sort()).toEqual([
      ...['dev-issuing', 'dev-root', 'system'],
    ]);
  } finally {
    await service.close();
  }
});

it('an authority that there is none of is not found, by name or by generation', async () => {
  const service = await firstRunService({ home: join(folder('unknown'), 'home') });
  try {
    for (const name of ['nobody', 'dev-issuing.2', 'constructor']) {
      expect(await codeOf(service.services.authority(name))).toBe('notFound');
    }
  } finally {
    await service.close();
  }
});
