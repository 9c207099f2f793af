/** What a request that does not fit its schema is told: each field once, with its value and what is allowed. */
import { Agent } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { buildAdminFace } from '../../../../src/faces/http/admin/build-admin-face.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { clientOf, clientTls, system, tlsMaterial } from '../../../support/face-tls.ts';
import { exchange } from '../../../support/http-exchange.ts';
import { openFace } from '../../../support/open-face.ts';
import { makeServices } from '../../../support/services-double.ts';

interface Told {
  readonly field?: string;
  readonly value?: string;
  readonly message: string;
}

async function reasonsFor(path: string, body?: unknown): Promise<readonly Told[]> {
  const deps = makeFaceDeps(makeServices().services, { tls: tlsMaterial([system]) });
  const { url } = await openFace(buildAdminFace(deps));
  const agent = new Agent(clientTls(clientOf(system)));
  onTestFinished(() => agent.destroy());
  const sent =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const { status, body: answer } = await exchange(url + path, { agent, ...sent });
  expect(status).toBe(400);
  return JSON.parse(answer.toString()).reasons.map(({ code: _code, ...told }: Told & { code: string }) => told);
}

it.each<[string, string, Told]>([
  [
    'a number out of bounds',
    'limit=0',
    { field: 'limit', value: '0', message: 'must be a whole number from 1 to 1000' },
  ],
  [
    'a choice that is none',
    'status=bad',
    { field: 'status', value: 'bad', message: 'must be one of pending, valid, expired, revoked, held' },
  ],
  [
    'one wrong choice of several',
    'status=valid&status=bad',
    { field: 'status', value: 'valid, bad', message: 'must be one of pending, valid, expired, revoked, held' },
  ],
  [
    'a parameter that is given twice',
    'limit=1&limit=2',
    { field: 'limit', value: '1, 2', message: 'must be given once, as a whole number from 1 to 1000' },
  ],
  [
    'a date where a time is wanted',
    'notAfter.before=2026-11-21',
    { field: 'notAfter.before', value: '2026-11-21', message: 'must be a time like 2026-11-21T07:00:00Z' },
  ],
  [
    'a leap second, which Unix time has not',
    'issued.before=2016-12-31T23:59:60Z',
    { field: 'issued.before', value: '2016-12-31T23:59:60Z', message: 'must be a time like 2026-11-21T07:00:00Z' },
  ],
  [
    'an offset without its minutes',
    'notAfter.after=2026-11-21T07:00:00%2B01',
    { field: 'notAfter.after', value: '2026-11-21T07:00:00+01', message: 'must be a time like 2026-11-21T07:00:00Z' },
  ],
  ['what is not printable', 'q=%00', { field: 'q', value: '\\u{0}', message: 'must be a text of 3 to 200 characters' }],
  [
    'an unknown field, and those that there are',
    'colour=red',
    {
      field: 'colour',
      message: expect.stringMatching(/^is not a field of this request, which knows authority, .*, status, /),
    },
  ],
])('tells of %s', async (_what, query, told) => {
  expect(await reasonsFor(`/v1/certificates?${query}`)).toEqual([told]);
});

it.each(['product=product-a', 'product=dev/pr%D0%BEduct-a', 'profile=dev/server', 'requestedBy=alice'])(
  'refuses %s, which nothing can match, instead of an empty list',
  async (query) => {
    expect(await reasonsFor(`/v1/certificates?${query}`)).toMatchObject([{ field: query.split('=')[0] }]);
  },
);

it('tells what fields there are to whoever writes those of another API', async () => {
  expect(await reasonsFor('/v1/tokens', { product: 'dev/demo', ttl: '24h' })).toEqual([
    {
      field: 'ttl',
      message: 'is not a field of this request, which knows lifetimeSeconds, product, profiles, uses',
    },
  ]);
});

it('says that a parameter was repeated too often, not that its values are wrong', async () => {
  const many = Array.from({ length: 21 }, () => 'status=valid').join('&');
  expect(await reasonsFor(`/v1/certificates?${many}`)).toMatchObject([{ message: expect.stringContaining('1 to 20') }]);
});

it('tells of a field once, however many rules it breaks', async () => {
  expect(await reasonsFor('/v1/tokens', { product: 'dev/demo', uses: -1, lifetimeSeconds: 1.5 })).toEqual([
    { field: 'uses', value: '-1', message: 'must be a whole number from 1 to 1000000, or null' },
    { field: 'lifetimeSeconds', value: '1.5', message: 'must be a whole number from 60 to 31622400' },
  ]);
});

it('does not repeat what is long: it may be a file that does not belong there', async () => {
  expect(await reasonsFor('/v1/environments', { name: 'x'.repeat(101) })).toEqual([
    { field: 'name', message: 'must be a text like ^[a-z][a-z0-9-]{0,31}$' },
  ]);
});

it('says of a missing body that it must be an object', async () => {
  const [reason, ...others] = await reasonsFor('/v1/certificates/01/revoke', null);
  expect([reason?.message, others]).toEqual(['must be an object', []]);
});
