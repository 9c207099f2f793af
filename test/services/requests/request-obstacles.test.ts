/** What stands in the way of an approval, where the request moves on while it is looked at. */
import { expect, it } from 'vitest';
import type { Inventory } from '../../../src/ports/inventory.ts';
import { findObstacles } from '../../../src/services/requests/request-obstacles.ts';
import { storedProfile } from '../../support/inventory-builders.ts';
import { requestRecord } from '../../support/request-builders.ts';
import { makeRecord } from '../../support/services-double.ts';

const [predecessor, successor] = ['aa'.repeat(20), 'bb'.repeat(20)];
const read = requestRecord({ predecessor });

/** As it is now: `read` was read before, and the predecessor has a successor since. */
const inventory = (now: Partial<typeof read>) =>
  ({
    profileVersion: async () => storedProfile({ version: read.profileVersion }),
    product: async () => ({ version: read.productVersion }),
    keyBlock: async () => undefined,
    certificate: async () => makeRecord({ serial: predecessor, successor }),
    request: async () => ({ ...read, ...now }),
  }) as unknown as Inventory;

const codes = async (now: Partial<typeof read>): Promise<string[]> =>
  (await findObstacles(inventory(now), read, read.requestedAt)).map(({ code }) => code);

it('a predecessor that something else follows by now is one', async () => {
  expect(await codes({})).toEqual(['requestOutdated']);
});

it('a predecessor that the request itself follows by now, approved at the same moment, is none', async () => {
  expect(await codes({ status: 'approved', serial: successor })).toEqual([]);
});
