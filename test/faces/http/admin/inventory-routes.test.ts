/** The counts of the inventory, as the admin face tells them. */
import { describe, expect, it } from 'vitest';
import { openAdmin } from '../../../support/open-admin.ts';
import { testNow } from '../../../support/test-hierarchy.ts';

const one = { valid: 1, expired: 0, revoked: 0, held: 0, pending: 0 };

describe('GET /v1/inventory/summary', () => {
  it('counts by product, profile, key type and week', async () => {
    const { send, calls } = await openAdmin();
    const { status, json } = await send('GET', '/v1/inventory/summary?environment=dev');
    expect([status, json]).toEqual([
      200,
      {
        at: new Date(testNow * 1000).toISOString().replace('.000', ''),
        total: one,
        products: [{ product: 'dev/demo', ...one }],
        profiles: [{ profile: 'dev/server', ...one }],
        keyTypes: [{ keyType: 'ec-p256', ...one }],
        expiryWeeks: [{ week: '2026-11-16', ...one }],
      },
    ]);
    expect(calls.filter(({ name }) => name === 'summarizeInventory').map(({ args }) => args)).toEqual([['dev']]);
  });
});

describe('GET /v1/inventory/expiring', () => {
  it('tells days, the first first, products, the most first and then by name, and the sum', async () => {
    const day = Date.UTC(2026, 10, 21) / 1000;
    const count = (certificates: number, withoutSuccessor: number, overdue: number) => ({
      certificates,
      withoutSuccessor,
      overdue,
    });
    const counts = {
      days: new Map([
        [day, count(3, 1, 0)],
        [day + 3 * 86_400, count(5, 4, 2)],
      ]),
      products: new Map([
        ['dev/a', count(1, 1, 0)],
        ['dev/c', count(7, 4, 2)],
        ['dev/b', count(7, 0, 0)],
        ['dev/d', count(7, 1, 0)],
      ]),
    };
    const { send } = await openAdmin({ countExpiring: async () => ({ now: day, until: day + 864_000, ...counts }) });
    expect((await send('GET', '/v1/inventory/expiring')).json).toEqual({
      at: '2026-11-21T00:00:00Z',
      until: '2026-12-01T00:00:00Z',
      certificates: 8,
      withoutSuccessor: 5,
      overdue: 2,
      days: [
        { date: '2026-11-21', certificates: 3, withoutSuccessor: 1, overdue: 0 },
        { date: '2026-11-24', certificates: 5, withoutSuccessor: 4, overdue: 2 },
      ],
      products: [
        { product: 'dev/b', certificates: 7, withoutSuccessor: 0, overdue: 0 },
        { product: 'dev/c', certificates: 7, withoutSuccessor: 4, overdue: 2 },
        { product: 'dev/d', certificates: 7, withoutSuccessor: 1, overdue: 0 },
        { product: 'dev/a', certificates: 1, withoutSuccessor: 1, overdue: 0 },
      ],
    });
  });

  it('asks for 90 days, or as many as it is told', async () => {
    const { send, calls } = await openAdmin();
    await send('GET', '/v1/inventory/expiring');
    await send('GET', '/v1/inventory/expiring?days=7&product=dev/demo');
    const asked = calls.filter(({ name }) => name === 'countExpiring').map(({ args }) => args[0]);
    expect(asked).toEqual([{ days: 90 }, { days: 7, product: 'dev/demo' }]);
  });

  it.each(['days=0', 'days=367', 'days=-1', 'days=1e2', 'days=x', 'weeks=2'])('refuses %s', async (query) => {
    const { send, refusals } = await openAdmin();
    const { status, json } = await send('GET', `/v1/inventory/expiring?${query}`);
    expect([status, json.reasons[0].field, refusals.length]).toEqual([400, query.split('=')[0], 1]);
  });
});
