/** What each error is in HTTP: its status, the header fields that belong to it, and no more reasons than help anybody. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CaError, type CaErrorCode } from '../../../../src/domain/errors.ts';
import { problemHeaders, problemKinds, problemOf } from '../../../../src/faces/http/problems/problem.ts';

const codes = Object.keys(problemKinds) as CaErrorCode[];

it('documents every problem with its status', () => {
  const text = readFileSync(new URL('../../../../docs/problems.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
  const kinds = Object.entries(problemKinds).map(([code, { status }]) => [code, status]);
  expect(new Map(rows as [string, number][])).toEqual(new Map(kinds as [string, number][]));
});

it('lets nobody keep a problem for the next who asks, nor take it for something else', () => {
  for (const code of codes) {
    expect([code, problemHeaders(new CaError(code, 'no'))]).toMatchObject([
      code,
      {
        'content-type': 'application/problem+json; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    ]);
  }
});

it('says how to authenticate with 401, when to come back with 429 and 503, and to connect anew while it stops', () => {
  const withField = (name: string) => codes.filter((code) => name in problemHeaders(new CaError(code, 'no'))).sort();
  expect(withField('www-authenticate')).toEqual(['unauthenticated']);
  expect(withField('connection')).toEqual(['stopping']);
  const later = ['rateLimited', 'overloaded', 'signerUnavailable', 'inventoryUnavailable', 'clockUnsafe', 'stopping'];
  expect(withField('retry-after')).toEqual(later.sort());
  expect(problemHeaders(new CaError('stopping', 'no'))).toMatchObject({ connection: 'close', 'retry-after': '1' });
  const sealed = new CaError('conflict', 'no', { retryAfterSeconds: 7 });
  expect(problemHeaders(sealed)['retry-after']).toBe('7');
});

it('tells a hundred reasons at most', () => {
  const reasons = Array.from({ length: 101 }, (_, at) => ({
    ...({ code: 'nameNotAllowed', field: 'names' } as const),
    message: `is not for this product: ${at}`,
  }));
  const { reasons: told } = problemOf(new CaError('compound', 'no', { reasons }), 'urn:uuid:0');
  expect(told).toEqual(reasons.slice(0, 100));
});
