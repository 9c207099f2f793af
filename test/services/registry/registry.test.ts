/** Products, profiles and tokens over the real inventory and vault: versions, their first use, refusals and what is audited. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { ProductVersion } from '../../../src/domain/records/environment.ts';
import { certified } from '../../support/certified.ts';
import { buildCsr } from '../../support/csr-builder.ts';
import { codeOf, rejectionOf } from '../../support/rejection.ts';
import { admin, firstRunService, type TestService } from '../../support/service-builder.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('data') });
});
afterAll(() => service.close());

const day = 86_400;
let products = 0;
const addProduct = (override: object = {}): Promise<ProductVersion> => {
  products += 1;
  const name = `product-${products}`;
  const nameRules = [`${name}.dev`, `*.${name}.dev`];
  return service.services.createProduct(admin, { environment: 'dev', name, nameRules, ...override });
};
const hostOf = ({ id }: ProductVersion): string => `${id.slice(4)}.dev`;
const csrFor = (...names: string[]): Uint8Array =>
  buildCsr({ key: makeSigningKey(), names, subject: new Uint8Array([0x30, 0]) });

const addToken = (product: string, override: object = {}) =>
  service.services.createToken(admin, { product, uses: null, lifetimeSeconds: day, ...override });
const callerOf = async (product: string, override: object = {}) =>
  service.services.authenticateToken((await addToken(product, override)).secret);
const issue = async (product: ProductVersion, names = [hostOf(product)]) =>
  certified(service, await callerOf(product.id), { csrDer: csrFor(...names) });

const reasonsOf = async (call: Promise<unknown>) => {
  const { code, reasons } = (await rejectionOf(call)) as CaError;
  return [code, ...reasons.map((reason) => `${reason.code} ${reason.field}`)];
};
const eventsOf = async (object: string) =>
  (await service.inventory.auditEvents(0, 100_000)).filter((event) => event.object === object);

describe('a product', () => {
  it('is made, changed into a new version, and says so in the audit log', async () => {
    const first = await addProduct({ contacts: ['a@dev.internal'] });
    const nameRules = [`${hostOf(first)}`];
    const change = { version: 1, nameRules, profiles: ['server'], contacts: ['a@dev.internal'] };
    const second = await service.services.changeProduct(admin, first.id, change);
    expect(second).toMatchObject({ version: 2, profiles: ['server'] });
    expect(await service.services.readProduct(first.id)).toEqual(second);
    expect(await service.services.readProduct(first.id, 1)).toEqual(first);
    const events = await eventsOf(`product:${first.id}`);
    expect(events.map(({ kind, actor, details }) => [kind, actor, details])).toEqual([
      ['product.created', 'operator:admin', { version: 1 }],
      [
        'product.changed',
        'operator:admin',
        {
          version: 2,
          nameRules: `-subdomain:${hostOf(first)} -wildcard:${hostOf(first)}`,
          profiles: '-peer -client',
        },
      ],
    ]);
  });

  it('is not changed by saying the same again, nor by who read an earlier version', async () => {
    const first = await addProduct();
    const same = { version: 1, nameRules: first.nameRules, profiles: first.profiles };
    expect(await service.services.changeProduct(admin, first.id, same)).toEqual(first);
    await service.services.changeProduct(admin, first.id, { ...same, contacts: ['a@dev.internal'] });
    expect(await codeOf(service.services.changeProduct(admin, first.id, { ...same, profiles: ['peer'] }))).toBe(
      'conflict',
    );
    expect(await codeOf(service.services.changeProduct(admin, first.id, same))).toBe('conflict');
    expect(await eventsOf(`product:${first.id}`)).toHaveLength(2);
  });

  it('decides the very next request, whose certificate names the version', async () => {
    const first = await addProduct();
    const extra = `extra-${hostOf(first)}`;
    const caller = await callerOf(first.id);
    const submit = () => certified(service, caller, { csrDer: csrFor(extra) });
    expect(await reasonsOf(submit())).toEqual(['rejectedIdentifier', 'nameNotAllowed csr.subjectAltName']);
    const nameRules = [...first.nameRules, extra];
    await service.services.changeProduct(admin, first.id, { version: 1, nameRules, profiles: first.profiles });
    const { record } = await submit();
    expect(record).toMatchObject({ owner: first.id, productVersion: 2, profile: 'peer', profileVersion: 1 });
    expect(await service.inventory.certificate(record.serial)).toEqual(record);
  });

  it.each([{ id: 'dev/none' }, { id: 'dev/../system' }, { id: 'dev' }, { id: '' }, { id: 'dev/%' }])(
    'that is not there cannot be read, changed or removed: $id',
    async ({ id }) => {
      const { services } = service;
      expect(await codeOf(services.readProduct(id))).toBe('notFound');
      expect(await codeOf(services.changeProduct(admin, id, {}))).toBe('notFound');
      expect(await codeOf(services.removeProduct(admin, id))).toBe('notFound');
    },
  );

  it('is refused with every reason at once, its environment included', async () => {
    const wrong = { environment: 'nowhere', name: 'a/b', nameRules: ['*'], profiles: ['any'], extra: 1 };
    expect(await reasonsOf(service.services.createProduct(admin, wrong))).toEqual([
      'policyRefused',
      'invalidField environment',
      'invalidField extra',
      'invalidField name',
      'invalidField nameRules[0].value',
    ]);
    const { id } = await addProduct();
    expect(
      await reasonsOf(service.services.changeProduct(admin, id, { version: 0, nameRules: [], name: 'b' })),
    ).toEqual(['policyRefused', 'invalidField version', 'invalidField name', 'invalidField nameRules']);
    expect(await codeOf(service.services.createProduct(admin, null))).toBe('policyRefused');
  });

  it('exists once', async () => {
    const nameRules = ['once.dev'];
    const make = () => service.services.createProduct(admin, { environment: 'dev', name: 'once', nameRules });
    const outcomes = await Promise.allSettled([make(), make(), make()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(await codeOf(make())).toBe('conflict');
  });

  it('is listed page by page, and a forged cursor is refused (bad input 48)', async () => {
    await Promise.all([addProduct(), addProduct()]);
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await service.services.listProducts({ limit: 1, ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toContain('dev/demo');
    expect(seen).toEqual([...new Set(seen)].sort());
    for (const cursor of ['x', 'LyUuLg', Buffer.from("' OR 1=1").toString('base64url'), '..']) {
      expect(await codeOf(service.services.listProducts({ limit: 1, cursor }))).toBe('malformed');
    }
  });
});

describe('the removal of a product', () => {
  it('is refused while a certificate is good, and says how many', async () => {
    const product = await addProduct();
    const { record } = await issue(product);
    await issue(product);
    const refused = (await rejectionOf(service.services.removeProduct(admin, product.id))) as CaError;
    expect([refused.code, refused.message.includes(' 2 certificates ')]).toEqual(['conflict', true]);
    expect(await eventsOf(`product:${product.id}`)).toHaveLength(1);
    expect((await service.services.readProduct(product.id)).removedAt).toBeNull();
    expect(record.productVersion).toBe(1);
  });

  it('ends its tokens at once, keeps its history, and lets the name come back with the next version', async () => {
    const product = await addProduct();
    const { secret } = await addToken(product.id);
    const caller = await service.services.authenticateToken(secret);
    const { record } = await certified(service, caller, { csrDer: csrFor(hostOf(product)) });
    await service.services.revokeCertificate(admin, record.serial, { reason: 'cessationOfOperation' });
    const told: string[] = [];
    service.services.onTokenRemoval((id) => told.push(id));
    await service.services.removeProduct(admin, product.id);
    expect(told).toEqual(caller.kind === 'token' ? [caller.tokenId] : []);
    expect(await codeOf(certified(service, caller, { csrDer: csrFor(hostOf(product)) }))).toBe('unauthorized');
    expect(await codeOf(service.services.authenticateToken(secret))).toBe('unauthenticated');
    expect(await codeOf(addToken(product.id))).toBe('notFound');
    expect((await service.services.readProduct(product.id)).removedAt).toBeGreaterThan(0);
    const listed = await service.services.listProducts({ limit: 1000 });
    expect(listed.items.map(({ id }) => id)).not.toContain(product.id);
    const again = { environment: 'dev', name: product.id.slice(4), nameRules: [hostOf(product)] };
    expect(await service.services.createProduct(admin, again)).toMatchObject({ version: 2, removedAt: null });
    expect((await issue(product)).record.productVersion).toBe(2);
    expect(await codeOf(service.services.authenticateToken(secret))).toBe('unauthenticated');
    const kinds = (await eventsOf(`product:${product.id}`)).map(({ kind }) => kind);
    expect(kinds).toEqual(['product.created', 'product.removed', 'product.created']);
  });
});

const rawProfile = (override: object = {}) => ({
  keyUsage: ['digitalSignature'],
  extendedKeyUsage: ['serverAuth'],
  lifetimeSeconds: { minimum: 60, default: day, maximum: 30 * day },
  backdateSeconds: 0,
  subject: { commonName: 'none' },
  names: { types: ['dns'], wildcards: false, maximum: 5 },
  keys: { kinds: ['ec-p256'], rsaMinimumBits: 2048 },
  ...override,
});
const addProfile = (name: string, override: object = {}) =>
  service.services.createProfile(admin, { environment: 'dev', name, ...rawProfile(override) });

describe('a profile', () => {
  it('is made for the issuing authority and can be used at once', async () => {
    expect(await addProfile('kafka')).toMatchObject({ version: 1, environment: 'dev', authority: 'dev-issuing' });
    const product = await addProduct({ profiles: ['kafka'] });
    const { record } = await issue(product);
    expect(record).toMatchObject({ profile: 'kafka', profileVersion: 1, productVersion: 1 });
    expect(record.notAfter - record.notBefore).toBe(day);
  });

  it('judges the very next request by its new version, and the certificate names it', async () => {
    await addProfile('changing');
    const product = await addProduct({ profiles: ['changing'] });
    expect((await issue(product)).record.profileVersion).toBe(1);
    const lifetimeSeconds = { minimum: 60, default: 3600, maximum: 7200 };
    const change = { version: 1, ...rawProfile({ lifetimeSeconds }) };
    expect(await service.services.changeProfile(admin, 'dev', 'changing', change)).toMatchObject({ version: 2 });
    const { record } = await issue(product);
    expect([record.profileVersion, record.notAfter - record.notBefore]).toEqual([2, 3600]);
    expect((await service.services.readProfile('dev', 'changing', 1)).lifetimeSeconds.default).toBe(day);
    expect((await eventsOf('profile:dev/changing')).map(({ kind, details }) => [kind, details])).toEqual([
      ['profile.created', { version: 1 }],
      ['profile.changed', { version: 2, lifetimeSeconds: JSON.stringify(lifetimeSeconds) }],
    ]);
  });

  it('is not changed by saying the same again, nor by who read an earlier version', async () => {
    const first = await addProfile('steady');
    const change = (override: object) =>
      service.services.changeProfile(admin, 'dev', 'steady', { version: 1, ...rawProfile(), ...override });
    expect(await change({})).toEqual(first);
    expect(await change({ backdateSeconds: 60 })).toMatchObject({ version: 2 });
    expect(await codeOf(change({ backdateSeconds: 30 }))).toBe('conflict');
    expect(await codeOf(change({}))).toBe('conflict');
    expect(await codeOf(change({ version: 9 }))).toBe('conflict');
  });

  it('that outlives its authority is refused', async () => {
    const { notAfter } = (await service.directory.get('dev-issuing')).certificate;
    const left = notAfter - Math.floor(service.clock.now() / 1000);
    const longest = (maximum: number) => ({ lifetimeSeconds: { minimum: 60, default: day, maximum } });
    expect(await reasonsOf(addProfile('long', longest(left + 1)))).toEqual([
      'policyRefused',
      'outlivesIssuer lifetimeSeconds.maximum',
    ]);
    expect(await addProfile('long', longest(left))).toMatchObject({ version: 1 });
    const change = { version: 1, ...rawProfile(longest(left + 1)) };
    expect(await codeOf(service.services.changeProfile(admin, 'dev', 'long', change))).toBe('policyRefused');
  });

  it('is refused with every reason at once, environment and authority included', async () => {
    const wrong = { environment: 'nowhere', name: 'A', ...rawProfile({ keyUsage: ['keyCertSign'], extra: 1 }) };
    expect(await reasonsOf(service.services.createProfile(admin, wrong))).toEqual([
      'policyRefused',
      'invalidField environment',
      'invalidField extra',
      'invalidField name',
      'invalidField keyUsage',
    ]);
    for (const authority of ['dev-root', 'system', '../dev-issuing', 7]) {
      expect(await reasonsOf(addProfile('astray', { authority, backdateSeconds: -1 }))).toEqual([
        'policyRefused',
        'invalidField authority',
        'invalidField backdateSeconds',
      ]);
    }
    const renamed = { version: 1, name: 'server', ...rawProfile({ environment: 'dev' }) };
    expect(await reasonsOf(service.services.changeProfile(admin, 'dev', 'server', renamed))).toEqual([
      'policyRefused',
      'invalidField name',
      'invalidField environment',
    ]);
  });

  it('exists once, and only a known one is read or changed', async () => {
    expect(await codeOf(addProfile('server'))).toBe('conflict');
    expect(await codeOf(service.services.readProfile('dev', 'none'))).toBe('notFound');
    expect(await codeOf(service.services.readProfile('dev', 'server', 99))).toBe('notFound');
    expect(await codeOf(service.services.changeProfile(admin, 'system', 'server', {}))).toBe('notFound');
  });

  it('is listed by environment and name, page by page', async () => {
    await service.services.createEnvironment(admin, { name: 'dev-2', hierarchy: 'root' });
    const listed: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await service.services.listProfiles({ limit: 2, ...(cursor && { cursor }) });
      listed.push(...page.items.map(({ environment, name }) => `${environment} ${name}`));
      cursor = page.nextCursor;
    }
    expect(listed).toEqual([...new Set(listed)].sort());
    expect(listed).toContain('dev-2 server');
    const { items } = await service.services.listProfiles({ limit: 100, environment: 'dev-2' });
    expect(items.map(({ name }) => name)).toEqual(['client', 'peer', 'server']);
  });
});

describe('a token', () => {
  it('is told once, kept as a hash, and good for its product, profiles and uses', async () => {
    const product = await addProduct();
    const { token, secret } = await addToken(product.id, { profiles: ['server'], uses: 2 });
    expect(secret).toMatch(/^pst_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
    expect(token).not.toHaveProperty('secretSha256');
    expect(JSON.stringify(await service.inventory.token(token.id))).not.toContain(secret.slice(-43));
    const caller = await service.services.authenticateToken(secret);
    expect(caller).toEqual({ kind: 'token', tokenId: token.id, product: product.id, profiles: ['server'] });
    const submit = (profile?: string) =>
      certified(service, caller, { csrDer: csrFor(hostOf(product)), ...(profile && { profile }) });
    expect((await submit()).record.profile).toBe('server');
    expect(await codeOf(submit('peer'))).toBe('policyRefused');
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => submit()));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [event] = await eventsOf(`token:${token.id}`);
    expect(event).toMatchObject({
      kind: 'token.created',
      actor: 'operator:admin',
      details: { product: product.id, profiles: 'server', uses: 2, expiresAt: token.expiresAt },
    });
    expect(JSON.stringify(event)).not.toContain(secret.slice(-43));
  });

  it('of another product gives no name of this one', async () => {
    const [mine, other] = [await addProduct(), await addProduct()];
    const caller = await callerOf(other.id);
    const stolen = certified(service, caller, { csrDer: csrFor(hostOf(mine)) });
    expect(await reasonsOf(stolen)).toEqual(['rejectedIdentifier', 'nameNotAllowed csr.subjectAltName']);
    const { record } = await issue(mine);
    expect(await codeOf(service.services.readCertificate(caller, record.serial))).toBe('notFound');
    expect(await codeOf(service.services.revokeCertificate(caller, record.serial, { reason: 'superseded' }))).toBe(
      'notFound',
    );
  });

  it('gives no more than its product has, also after the product has changed', async () => {
    const product = await addProduct({ profiles: ['server'] });
    expect(await reasonsOf(addToken(product.id, { profiles: ['server', 'peer', 'x'] }))).toEqual([
      'policyRefused',
      'profileNotAllowed profiles[1]',
      'profileNotAllowed profiles[2]',
    ]);
    const caller = await callerOf(product.id);
    const change = { version: 1, nameRules: product.nameRules, profiles: ['peer'] };
    await service.services.changeProduct(admin, product.id, change);
    const late = certified(service, caller, { csrDer: csrFor(hostOf(product)) });
    expect(await reasonsOf(late)).toEqual(['policyRefused', 'profileNotAllowed profile']);
  });

  it('ends with its time, and with its removal', async () => {
    const product = await addProduct();
    const short = await addToken(product.id, { lifetimeSeconds: 60 });
    const removed = await addToken(product.id);
    const caller = await service.services.authenticateToken(removed.secret);
    await service.services.removeToken(admin, removed.token.id);
    expect(await codeOf(service.services.authenticateToken(removed.secret))).toBe('unauthenticated');
    const late = certified(service, caller, { csrDer: csrFor(hostOf(product)) });
    expect(await reasonsOf(late)).toEqual(['unauthenticated', 'tokenExpired undefined']);
    service.pass(61);
    expect(await codeOf(service.services.authenticateToken(short.secret))).toBe('unauthenticated');
    expect(await codeOf(service.services.removeToken(admin, removed.token.id))).toBe('notFound');
    expect((await eventsOf(`token:${removed.token.id}`)).map(({ kind }) => kind)).toEqual([
      'token.created',
      'token.removed',
    ]);
  });

  it('is not made for a product that is not there', async () => {
    for (const id of ['dev/none', '../dev', 'dev/d\u0435mo']) expect(await codeOf(addToken(id))).toBe('notFound');
  });

  it('is listed by product, never with its secret', async () => {
    const product = await addProduct();
    const ids = [(await addToken(product.id)).token.id, (await addToken(product.id)).token.id].sort();
    const page = await service.services.listTokens({ limit: 1, product: product.id });
    const next = await service.services.listTokens({ limit: 1, product: product.id, cursor: page.nextCursor! });
    expect([...page.items, ...next.items].map(({ id }) => id)).toEqual(ids);
    expect(next.nextCursor).toBeNull();
    expect(Object.keys(page.items[0]!)).not.toContain('secretSha256');
  });
});

describe('an environment', () => {
  it('is read whole, if it is one', async () => {
    const view = await service.services.readEnvironment('dev');
    expect(view.authorities.map(({ name }) => name)).toEqual(['dev-issuing', 'dev-root']);
    for (const name of ['system', 'none', '']) {
      expect(await codeOf(service.services.readEnvironment(name))).toBe('notFound');
    }
  });
});
