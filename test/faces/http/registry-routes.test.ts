/** Products, profiles, tokens and environments over REST: translation, roles, and bad input where it concerns them. */
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { ProductBody, ProductJson } from '../../../src/api/product.ts';
import { ProfileBody, ProfileJson } from '../../../src/api/profile.ts';
import { NewTokenJson, TokenJson } from '../../../src/api/token.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { parseProduct } from '../../../src/domain/policy/parse-product.ts';
import { parseProfile } from '../../../src/domain/policy/parse-profile.ts';
import type { OperatorRole } from '../../../src/domain/records/environment.ts';
import type { EnvironmentView } from '../../../src/services/services.ts';
import { storedProfile } from '../../support/inventory-builders.ts';
import { openAdmin } from '../../support/open-admin.ts';
import { rawProfile } from '../../support/policy-builders.ts';
import { demoProduct, registryDouble } from '../../support/registry-double.ts';
import { operatorCaller } from '../../support/services-double.ts';
import { testNow } from '../../support/test-hierarchy.ts';

const product = '/v1/products/dev/demo';
const profile = '/v1/profiles/dev/server';
const token = '/v1/tokens/0123456789abcdef';
const productBody = { environment: 'dev', name: 'demo', nameRules: ['demo.dev', { kind: 'ip', value: '10.0.0.0/8' }] };
const profileBody = { environment: 'dev', ...rawProfile() };

describe('a role on the registry', () => {
  const acts: [string, string, object | undefined][] = [
    ['GET', '/v1/products', undefined],
    ['GET', product, undefined],
    ['GET', '/v1/profiles', undefined],
    ['GET', profile, undefined],
    ['GET', '/v1/tokens', undefined],
    ['GET', '/v1/environments/dev', undefined],
    ['POST', '/v1/products', productBody],
    ['PUT', product, productBody],
    ['DELETE', product, undefined],
    ['POST', '/v1/tokens', { product: 'dev/demo' }],
    ['DELETE', token, undefined],
    ['POST', '/v1/profiles', profileBody],
    ['PUT', profile, profileBody],
  ];
  const may: Record<OperatorRole, number> = { auditor: 6, operator: 11, admin: 13 };

  it.each(Object.entries(may))('of an %s may do the first %i of all acts, and nothing else', async (role, count) => {
    const { send, refusals, calls } = await openAdmin({}, role as OperatorRole);
    const statuses: number[] = [];
    for (const [method, path, body] of acts) statuses.push((await send(method, path, {}, body)).status);
    expect(statuses.map((status) => status < 300)).toEqual(acts.map((_act, index) => index < count));
    expect(statuses.slice(count).every((status) => status === 403)).toBe(true);
    expect(refusals.map(({ code }) => code)).toEqual(acts.slice(count).map(() => 'unauthorized'));
    expect(calls.filter(({ name }) => /^(create|change|remove)/.test(name))).toHaveLength(count - 6);
  });
});

describe('a product over REST', () => {
  it('is at its id as it is, and says so to who hides the slash', async () => {
    const { send } = await openAdmin();
    expect((await send('GET', '/v1/products/dev%2Fdemo')).json).toMatchObject({
      status: 404,
      detail: expect.stringContaining('not as %2F'),
    });
    const detail = (await send('GET', '/v1/products/dev/demo/nowhere')).json.detail;
    expect(detail).toBe('There is nothing at this path. See /docs.');
  });

  it('is answered whole, with where it is', async () => {
    const { send, calls } = await openAdmin();
    const made = await send('POST', '/v1/products', {}, productBody);
    expect([made.status, made.headers.location]).toEqual([201, product]);
    expect(Value.Check(ProductJson, made.json)).toBe(true);
    expect(made.json).toMatchObject({ id: 'dev/demo', name: 'demo', version: 2, removedAt: null });
    expect(calls.at(-1)).toEqual({ name: 'createProduct', args: [operatorCaller('admin'), productBody] });
    const removed = await send('DELETE', product);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect(calls.at(-1)!.args[1]).toBe('dev/demo');
  });

  it('is changed and read by environment and name, also in an earlier version', async () => {
    const { send, calls } = await openAdmin();
    const change = { version: 1, nameRules: ['a.dev'] };
    expect((await send('PUT', product, {}, change)).json.version).toBe(2);
    expect((await send('GET', `${product}?version=1`)).status).toBe(200);
    expect(calls.map(({ name, args }) => [name, ...args.slice(name === 'changeProduct' ? 1 : 0)]).slice(-3)).toEqual([
      ['changeProduct', 'dev/demo', change],
      ['authenticateOperator', expect.anything()],
      ['readProduct', 'dev/demo', 1],
    ]);
  });

  it('is judged as a whole by the domain, even where it is no object at all', async () => {
    const refused: unknown[] = [];
    const { send } = await openAdmin({
      createProduct: async (_caller, raw) => {
        refused.push(raw);
        throw new CaError('policyRefused', 'no', { reasons: [{ code: 'invalidField', field: 'name', message: 'no' }] });
      },
    });
    for (const body of [{ name: '..', nameRules: 7, extra: true }, [], {}]) {
      const answer = await send('POST', '/v1/products', {}, body);
      expect([answer.status, answer.json.reasons.length]).toEqual([400, 1]);
    }
    expect(refused).toHaveLength(3);
    expect((await send('POST', '/v1/products')).status).toBe(400);
  });

  it('leaves everything but the body to be judged as ever', async () => {
    const { send, calls } = await openAdmin();
    const bodies = { '/v1/products?x=1': productBody, '/v1/profiles?x=1': profileBody };
    for (const [path, body] of Object.entries(bodies)) {
      expect((await send('POST', path, {}, body)).json.reasons[0].code).toBe('unknownField');
    }
    expect(calls.filter(({ name }) => name.startsWith('create'))).toEqual([]);
  });

  it.each([
    '?limit=0',
    '?limit=-1',
    '?limit=1001',
    '?limit=1e2',
    '?environment=',
    '?x=1',
    '?cursor=',
    '/dev/demo?version=0',
  ])('is not read with %s', async (query) => {
    const { send, refusals } = await openAdmin();
    expect([(await send('GET', `/v1/products${query}`)).status, refusals.length]).toEqual([400, 1]);
  });

  it.each(['/v1/products/dev/..%2fprod', '/v1/products/dev%2fdemo/x', '/v1/products/..%2f..%2fetc/passwd'])(
    'is looked up literally: %s (bad input 51)',
    async (path) => {
      const asked: string[] = [];
      const { send } = await openAdmin({
        readProduct: async (id) => {
          asked.push(id);
          throw new CaError('notFound', 'none');
        },
      });
      expect((await send('GET', path)).status).toBe(404);
      expect(asked.every((id) => id.split('/').length > 2)).toBe(true);
    },
  );

  it('shows script in its texts as text (bad input 50)', async () => {
    const contacts = ['<script>alert(1)</script>@dev.internal'];
    const { send } = await openAdmin({ readProduct: async () => ({ ...demoProduct, contacts }) });
    const answer = await send('GET', product);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.json.contacts).toEqual(contacts);
  });
});

describe('the documented bodies', () => {
  /** A valid value in which one thing was replaced by any other that JSON can say. */
  const spoilt = (valid: object) =>
    fc
      .tuple(fc.constantFrom(...Object.keys(valid), 'other'), fc.jsonValue())
      .map(([field, value]): Record<string, unknown> => ({ ...valid, [field]: value }));
  const accepts = (parse: () => unknown): boolean => {
    try {
      parse();
      return true;
    } catch (error) {
      if (error instanceof CaError) return false;
      throw error;
    }
  };
  it('of a product hold whatever the parser accepts', () => {
    const context = { environment: 'dev', version: 1, createdAt: 0, profiles: [{ name: 'server' }] };
    const { environment, ...valid } = { ...productBody, profiles: ['server'], contacts: ['a@dev.internal'] };
    fc.assert(
      fc.property(spoilt(valid), (body) => {
        if (accepts(() => parseProduct(body, context))) {
          expect(Value.Check(ProductBody, { environment, ...body })).toBe(true);
        }
      }),
    );
    expect(accepts(() => parseProduct(valid, context))).toBe(true);
  });

  it('of a profile are what the parser accepts', () => {
    const context = { environment: 'dev', authority: 'dev-issuing', version: 1 };
    fc.assert(
      fc.property(spoilt(rawProfile()), (body) => {
        if (accepts(() => parseProfile(body, context))) {
          expect(Value.Check(ProfileBody, { environment: 'dev', ...body })).toBe(true);
        }
      }),
    );
    expect(Value.Check(ProfileBody, profileBody)).toBe(true);
  });
});

describe('a profile over REST', () => {
  it('is answered whole, with where it is', async () => {
    const { send, calls } = await openAdmin();
    const made = await send('POST', '/v1/profiles', {}, profileBody);
    expect([made.status, made.headers.location]).toEqual([201, profile]);
    expect(Value.Check(ProfileJson, made.json)).toBe(true);
    await send('PUT', profile, {}, { version: 1 });
    expect(calls.at(-1)!.args.slice(1)).toEqual(['dev', 'server', { version: 1 }]);
    expect((await send('GET', `${profile}?version=x`)).status).toBe(400);
  });
});

describe('a token over REST', () => {
  it('is shown once, in an answer that is not kept, and not in the log', async () => {
    const { send, calls } = await openAdmin();
    const body = { product: 'dev/demo', profiles: ['server'], uses: 10, lifetimeSeconds: 3600 };
    const made = await send('POST', '/v1/tokens', {}, body);
    expect([made.status, made.headers['cache-control'], made.json.token]).toEqual([201, 'no-store', 'pst_secret']);
    expect(Value.Check(NewTokenJson, made.json)).toBe(true);
    expect(calls.at(-1)!.args[1]).toEqual(body);
    const { json } = await send('GET', '/v1/tokens?product=dev/demo');
    expect(Value.Check(TokenJson, json.items[0])).toBe(true);
    expect(json.items[0].status).toBe('live');
    expect(calls.at(-1)!.args[0]).toEqual({ limit: 100, product: 'dev/demo' });
  });

  it('is good once and for a day where nothing else is said', async () => {
    const { send, calls } = await openAdmin();
    await send('POST', '/v1/tokens', {}, { product: 'dev/demo' });
    expect(calls.at(-1)!.args[1]).toEqual({ product: 'dev/demo', uses: 1, lifetimeSeconds: 86_400 });
    await send('POST', '/v1/tokens', {}, { product: 'dev/demo', uses: null });
    expect(calls.at(-1)!.args[1]).toMatchObject({ uses: null });
  });

  it.each([
    {},
    { product: '' },
    { product: 'dev/demo', uses: 0 },
    { product: 'dev/demo', uses: 1.5 },
    { product: 'dev/demo', uses: '3' },
    { product: 'dev/demo', lifetimeSeconds: 0 },
    { product: 'dev/demo', lifetimeSeconds: 40_000_000 },
    { product: 'dev/demo', profiles: [] },
    { product: 'dev/demo', secret: 'mine' },
  ])('is not made of %j', async (body) => {
    const { send, refusals, calls } = await openAdmin();
    expect([(await send('POST', '/v1/tokens', {}, body)).status, refusals.length]).toEqual([400, 1]);
    expect(calls.filter(({ name }) => name === 'createToken')).toEqual([]);
  });
});

describe('the tokens over REST', () => {
  const now = testNow * 1000;
  const anyToken = registryDouble.listTokens({ limit: 1 }).then(({ items: [one] }) => one!);

  it.each([
    ['live', { expiresAt: now + 1, usesLeft: 1 }],
    ['live', { expiresAt: now + 1, usesLeft: null }],
    ['usedUp', { expiresAt: now + 1, usesLeft: 0 }],
    ['expired', { expiresAt: now, usesLeft: 1 }],
    ['expired', { expiresAt: now, usesLeft: 0 }],
  ])('one is %s with %j', async (status, changed) => {
    const items = [{ ...(await anyToken), ...changed }];
    const { send } = await openAdmin({ listTokens: async () => ({ items, nextCursor: null }) });
    const { json } = await send('GET', '/v1/tokens');
    const { usesLeft } = changed;
    expect(json.items).toMatchObject([{ status, usesLeft, createdBy: 'operator:the-admin' }]);
  });

  it('one is gone when the answer says so, which says nothing more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let isAnswered = false;
    const { send, calls } = await openAdmin({ removeToken: () => promise });
    const answer = send('DELETE', token).finally(() => {
      isAnswered = true;
    });
    await expect.poll(() => calls.at(-1)?.name).toBe('removeToken');
    expect(isAnswered).toBe(false);
    resolve();
    const { status, text } = await answer;
    expect([status, text, calls.at(-1)!.args[1]]).toEqual([204, '', token.split('/').at(-1)]);
  });
});

describe('pages over REST', () => {
  it.each(['tokens', 'profiles', 'products'] as const)('of %s are as long as is said, and followed', async (what) => {
    const list = { tokens: 'listTokens', profiles: 'listProfiles', products: 'listProducts' } as const;
    const { send, calls } = await openAdmin({ [list[what]]: async () => ({ items: [], nextCursor: 'next' }) });
    expect((await send('GET', `/v1/${what}`)).json).toEqual({ items: [], nextCursor: 'next' });
    await send('GET', `/v1/${what}?limit=7&cursor=next`);
    const asked = calls.filter(({ name }) => name === list[what]).map(({ args }) => args.at(-1));
    expect(asked).toEqual([{ limit: 100 }, { limit: 7, cursor: 'next' }]);
  });

  it('of versions are one', async () => {
    const { send, calls } = await openAdmin();
    await send('GET', `${profile}?version=2`);
    expect(calls.at(-1)!.args).toEqual(['dev', 'server', 2]);
  });
});

describe('an environment over REST', () => {
  it('is read whole, and made with where it is', async () => {
    const { send } = await openAdmin();
    const read = await send('GET', '/v1/environments/dev');
    expect(read.json).toMatchObject({ name: 'dev', hierarchy: 'root', authorities: ['dev-root'] });
    expect((await send('GET', '/v1/environments/none')).status).toBe(404);
    const made = await send('POST', '/v1/environments', {}, { name: 'staging' });
    expect(made.headers.location).toBe('/v1/environments/staging');
  });

  it('has the names of its profiles, and when it was made, among all', async () => {
    const view = (name: string): EnvironmentView => ({
      environment: { name, hierarchy: 'two-tier', createdAt: testNow * 1000 },
      authorities: [],
      profiles: [storedProfile()],
    });
    const { send } = await openAdmin({ listEnvironments: async () => [view('dev'), view('staging')] });
    const { json } = await send('GET', '/v1/environments');
    const same = { hierarchy: 'two-tier', createdAt: new Date(testNow * 1000).toISOString(), profiles: ['server'] };
    expect(json.items).toMatchObject([
      { ...same, name: 'dev' },
      { ...same, name: 'staging' },
    ]);
  });

  it('is made with its keys in the vault that is named', async () => {
    const { send, calls } = await openAdmin();
    await send('POST', '/v1/environments', {}, { name: 'staging', hierarchy: 'root', vault: 'bao' });
    expect(calls.at(-1)!.args[1]).toEqual({ name: 'staging', hierarchy: 'root', vault: 'bao' });
  });
});
