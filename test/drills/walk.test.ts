/** Whatever products, agents, operators, time and power cuts do in whatever order: no state is stuck, nothing revoked comes back, every count is right. */
import { expect, it } from 'vitest';
import { tries } from '../support/tries.ts';
import { walk } from './walk/walk.ts';

const seeds = Array.from({ length: tries(8) }, (_, index) => index + 1);

it.each(seeds)('a walk of acts by chance, seed %i, meets nothing that must not be', async (seed) => {
  const { violations, auditEvents } = await walk({ seed, steps: tries(300) });
  expect(violations).toEqual([]);
  expect(auditEvents).toBeGreaterThan(50);
});
