/** A token or product that asks too often is told so, wherever it asks from; its neighbours and operators are not. */
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CaError } from '../../../src/domain/errors.ts';
import type { FaceLimits } from '../../../src/faces/http/face-deps.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { openAdmin } from '../../support/open-admin.ts';
import { makeServices } from '../../support/services-double.ts';

/** Tokens are `TOKEN.PRODUCT` here. */
async function openPublic(limits: Partial<FaceLimits>) {
  const double = makeServices({
    authenticateToken: async (bearer) => {
      const [tokenId = '', product] = bearer.split('.');
      if (tokenId === 'down') throw new CaError('inventoryUnavailable', 'locked');
      if (tokenId === 'spent') throw new CaError('unauthorized', 'used up');
      if (product === undefined) throw new CaError('unauthenticated', 'unknown');
      return { kind: 'token', tokenId, product: `dev/${product}`, profiles: [] };
    },
  });
  const face = buildPublicFace(makeFaceDeps(double.services, { limits }));
  await face.ready();
  onTestFinished(() => face.close().then(() => undefined));
  const ask = async (bearer: string) => {
    const answer = await request(face.server).get('/v1/certificates').set('authorization', `Bearer ${bearer}`);
    return { status: answer.status, retryAfter: answer.headers['retry-after'] as string | undefined };
  };
  const askAll = async (bearers: readonly string[]) => {
    const statuses: number[] = [];
    for (const bearer of bearers) statuses.push((await ask(bearer)).status);
    return statuses;
  };
  return { ...double, ask, askAll };
}

describe('a token', () => {
  it('is limited for itself, audited once, and told when to come back', async () => {
    const { ask, askAll, refusals } = await openPublic({ tokenRequestsPerMinute: 2 });
    expect(await askAll(['t1.a', 't1.a', 't1.a', 't1.a', 't1.a', 't2.a'])).toEqual([200, 200, 429, 429, 429, 200]);
    expect(refusals.map(({ actor, code }) => [actor, code])).toEqual([['token:t1', 'rateLimited']]);
    expect(await ask('t1.a')).toEqual({ status: 429, retryAfter: '60' });
  });
});

describe('an address', () => {
  it('is limited in what it tries in vain, with tokens that were good once as with none', async () => {
    const { askAll, refusals } = await openPublic({ failedAuthenticationsPerMinute: 2 });
    const bearers = ['spent.a', 'unknown', 'spent.a', 'unknown', 'unknown', 't1.a'];
    expect(await askAll(bearers)).toEqual([403, 401, 429, 429, 429, 200]);
    expect(refusals.map(({ code }) => code)).toEqual(['unauthorized', 'unauthenticated', 'rateLimited']);
  });

  it('is not blamed for what could not be looked up', async () => {
    const { askAll } = await openPublic({ failedAuthenticationsPerMinute: 1 });
    expect(await askAll(['down', 'down', 'down', 'unknown', 'unknown'])).toEqual([503, 503, 503, 401, 429]);
  });
});

describe('an operator', () => {
  it('is limited by address alone: in an emergency its certificate asks as often as it must', async () => {
    const { send } = await openAdmin({}, 'operator', { tokenRequestsPerMinute: 1, productRequestsPerMinute: 1 });
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await send('GET', '/v1/certificates')).status);
    expect(statuses).toEqual([200, 200, 200, 200]);
  });
});

describe('a product', () => {
  it('is limited over all of its tokens, and not by those of another', async () => {
    const { askAll, refusals } = await openPublic({ productRequestsPerMinute: 2 });
    expect(await askAll(['t1.a', 't2.a', 't3.a', 't4.a', 't5.b'])).toEqual([200, 200, 429, 429, 200]);
    expect(refusals.map(({ actor }) => actor)).toEqual(['token:t3']);
  });

  it('loses nothing to a token that is over its own limit', async () => {
    const { askAll } = await openPublic({ tokenRequestsPerMinute: 1, productRequestsPerMinute: 2 });
    expect(await askAll(['t1.a', 't1.a', 't1.a', 't2.a', 't3.a'])).toEqual([200, 429, 429, 200, 429]);
  });

  it('loses nothing to who is not authenticated', async () => {
    const { askAll } = await openPublic({ productRequestsPerMinute: 1, tokenRequestsPerMinute: 1 });
    expect(await askAll(['unknown', 'unknown', 't1.a'])).toEqual([401, 401, 200]);
  });
});
