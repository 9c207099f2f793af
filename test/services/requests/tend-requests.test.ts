/** The rounds in which requests are tended, over an inventory that knows only which are due. */
import { expect, it } from 'vitest';
import { createTendRequests, type TendRequestsDeps } from '#src/services/requests/tend-requests.ts';

it('takes up what was approved last although many from before cannot be issued', async () => {
  const approved = Array.from({ length: 250 }, (_, number) => `away-${String(number).padStart(3, '0')}`);
  const asked = new Map<string, number>();
  const tend = createTendRequests({
    clock: { now: () => 0, monotonic: () => 0 },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    inventory: {
      dueRequests: async (_at: number, limit: number) => ({ expired: [], approved: approved.slice(0, limit) }),
      async request(id: string) {
        asked.set(id, (asked.get(id) ?? 0) + 1);
        if (id.startsWith('away-')) throw new Error('its vault is away');
        return undefined;
      },
    },
  } as unknown as TendRequestsDeps);
  approved.push('of-another-vault');
  for (let round = 0; round < 4; round++) await tend();
  expect(asked.get('of-another-vault')).toBeGreaterThan(0);
  // Time stands still: nothing that failed is tried again before its pause is over.
  expect(Math.max(...[...asked].filter(([id]) => id.startsWith('away-')).map(([, times]) => times))).toBe(1);
});

it('asks for as many as before once those that failed are decided', async () => {
  const asked: number[] = [];
  let approved = ['away'];
  const tend = createTendRequests({
    clock: { now: () => 0, monotonic: () => 0 },
    log: { info: () => {}, warn: () => {}, error: () => {} },
    inventory: {
      dueRequests: async (_at: number, limit: number) => ({ expired: [], approved: asked.push(limit) && approved }),
      request: () => Promise.reject(new Error('its vault is away')),
    },
  } as unknown as TendRequestsDeps);
  for (let round = 0; round < 2; round++) await tend();
  approved = [];
  for (let round = 0; round < 2; round++) await tend();
  expect(asked).toEqual([100, 101, 101, 100]);
});
