import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { productChanges, profileChanges } from '../../../src/domain/policy/describe-changes.ts';
import type { NameRule } from '../../../src/domain/policy/name-rule.ts';
import { parseProduct } from '../../../src/domain/policy/parse-product.ts';
import { product, storedProfile } from '../../support/inventory-builders.ts';
import { refusalOf } from '../../support/refusal.ts';
import { tries } from '../../support/tries.ts';

const context = {
  environment: 'dev',
  version: 1,
  createdAt: 0,
  profiles: [{ name: 'client' }, { name: 'peer' }, { name: 'server' }],
};
const raw = (override: object = {}) => ({ name: 'product-a', nameRules: ['product-a.dev'], ...override });
const parse = (override: object = {}) => parseProduct(raw(override), context);
const fieldsRefused = (value: unknown): readonly (string | undefined)[] => {
  const { code, reasons } = refusalOf(() => parseProduct(value, context));
  expect(code).toBe('policyRefused');
  return reasons.map(({ field }) => field);
};

describe('a name rule in plain words', () => {
  it.each<[string, NameRule[]]>([
    ['Product-A.dev', [{ kind: 'exact', value: 'product-a.dev' }]],
    ['.product-a.dev', [{ kind: 'subdomain', value: 'product-a.dev' }]],
    [
      '*.Product-A.dev',
      [
        { kind: 'subdomain', value: 'product-a.dev' },
        { kind: 'wildcard', value: 'product-a.dev' },
      ],
    ],
    ['10.0.0.0/8', [{ kind: 'ip', value: '10.0.0.0/8' }]],
    ['10.1.2.3', [{ kind: 'ip', value: '10.1.2.3/32' }]],
    ['FD00::1', [{ kind: 'ip', value: 'fd00::1/128' }]],
    ['spiffe://dev/product-a', [{ kind: 'uri', value: 'spiffe://dev/product-a' }]],
    ['ops@product-a.dev', [{ kind: 'email', value: 'ops@product-a.dev' }]],
    ['@product-a.dev', [{ kind: 'email', value: '@product-a.dev' }]],
  ])('%s is read by its form', (text, rules) => {
    expect(parse({ nameRules: [text] }).nameRules).toEqual(rules);
  });

  it.each([
    '',
    '*',
    '*.',
    '*.*.dev',
    'a.*.dev',
    '10.0.0.1/8',
    'dev/../a',
    'pr\u043educt.dev',
    'xn--a.dev',
    'a b',
    'http://',
  ])('is refused for what is none: %j', (text) => {
    expect(fieldsRefused(raw({ nameRules: [text] }))).toEqual(['nameRules[0].value']);
  });

  it('stands beside rules by kind, and the same rule counts once', () => {
    const rule = { kind: 'exact', value: 'A.dev' };
    expect(parse({ nameRules: [rule, 'a.dev', '*.a.dev', '.a.dev'] }).nameRules).toEqual([
      { kind: 'exact', value: 'a.dev' },
      { kind: 'subdomain', value: 'a.dev' },
      { kind: 'wildcard', value: 'a.dev' },
    ]);
  });
});

describe('parseProduct', () => {
  it('gives the product with its id, and all profiles where none are named, a peer’s first', () => {
    expect(parse({ contacts: ['team@dev.internal', 'https://chat.dev.internal/team'] })).toEqual({
      id: 'dev/product-a',
      environment: 'dev',
      version: 1,
      nameRules: [{ kind: 'exact', value: 'product-a.dev' }],
      profiles: ['peer', 'client', 'server'],
      contacts: ['team@dev.internal', 'https://chat.dev.internal/team'],
      alerts: 'all',
      createdAt: 0,
    });
    expect(parse({ profiles: ['server', 'client'] }).profiles).toEqual(['server', 'client']);
  });

  it.each([
    '',
    'a/b',
    '..',
    '.',
    '../prod',
    'Product',
    'a_b',
    'a-',
    '-a',
    '1a',
    'pr\u043educt',
    'ａ',
    'a'.repeat(64),
    'a\u0000',
    7,
    null,
  ])('refuses the name %j', (name) => {
    expect(fieldsRefused(raw({ name }))).toEqual(['name']);
  });

  it.each<[string, object, string]>([
    ['no rule', { nameRules: [] }, 'nameRules'],
    ['rules that are no list', { nameRules: 'a.dev' }, 'nameRules'],
    ['101 rules', { nameRules: Array.from({ length: 101 }, (_, n) => `a${n}.dev`) }, 'nameRules'],
    ['an unknown kind of rule', { nameRules: [{ kind: 'regex', value: 'a.dev' }] }, 'nameRules[0].kind'],
    ['an unknown profile', { profiles: ['server', 'none'] }, 'profiles[1]'],
    ['a profile that is no text', { profiles: [7] }, 'profiles[0]'],
    ['a profile twice', { profiles: ['server', 'server'] }, 'profiles'],
    ['no profile', { profiles: [] }, 'profiles'],
    ['alerts that there are not', { alerts: 'some' }, 'alerts'],
    ['alerts that are null', { alerts: null }, 'alerts'],
    ['a contact that is none', { contacts: ['javascript:alert(1)'] }, 'contacts[0]'],
    ['a contact that is read in the clear', { contacts: ['http://chat.dev.internal/team'] }, 'contacts[0]'],
    ['a contact that is a host', { contacts: ['a@b.dev', 'chat.dev.internal'] }, 'contacts[1]'],
    ['a contact that is no text', { contacts: [7] }, 'contacts[0]'],
    ['contacts that are no list', { contacts: null }, 'contacts'],
    ['21 contacts', { contacts: Array.from({ length: 21 }, (_, n) => `a${n}@b.dev`) }, 'contacts'],
    ['an unknown field', { rotation: {} }, 'rotation'],
    ['the version, which is not its to say', { version: 7 }, 'version'],
  ])('refuses %s', (_, override, field) => {
    expect(fieldsRefused(raw(override))).toEqual([field]);
  });

  it('takes as many rules and contacts as fit, each contact once', () => {
    const nameRules = Array.from({ length: 100 }, (_, n) => `a${n}.dev`);
    const contacts = Array.from({ length: 20 }, (_, n) => `a${n}@b.dev`);
    expect(parse({ nameRules, contacts }).nameRules).toHaveLength(100);
    expect(parse({ contacts }).contacts).toEqual(contacts);
    expect(parse({ contacts: ['a@B.dev', 'a@b.dev'] }).contacts).toEqual(['a@b.dev']);
  });

  it('takes 32 profiles and no more, and any where those of the environment are not known', () => {
    const profiles = (count: number) => Array.from({ length: count }, (_, n) => `p${n}`);
    const parsed = (count: number) =>
      parseProduct(raw({ profiles: profiles(count) }), { ...context, profiles: undefined }).profiles;
    expect(parsed(32)).toEqual(profiles(32));
    expect(refusalOf(() => parsed(33)).reasons.map(({ field }) => field)).toEqual(['profiles']);
  });

  it('says of a profile that there is not which there are, and of a list how long it is', () => {
    const reasonsOf = (override: object) => refusalOf(() => parse(override)).reasons;
    expect(reasonsOf({ profiles: ['nginx'] })).toMatchObject([
      { code: 'unknownProfile', value: 'nginx', message: expect.stringContaining('client, peer, server') },
    ]);
    expect(reasonsOf({ profiles: [7] })).toMatchObject([{ value: 'number' }]);
    expect(reasonsOf({ nameRules: [] })).toMatchObject([{ value: '0' }]);
    expect(reasonsOf({ nameRules: undefined, name: undefined })).toMatchObject([{ value: 'null' }, { value: 'null' }]);
  });

  it('tells everything that is wrong at once', () => {
    const wrong = { name: '..', nameRules: ['*', 'a.dev', 'b c'], profiles: ['x'], contacts: ['y'], z: 1 };
    expect(fieldsRefused(wrong)).toEqual([
      'z',
      'name',
      'nameRules[0].value',
      'nameRules[2].value',
      'profiles[0]',
      'contacts[0]',
    ]);
  });

  it('takes no name where the name is settled', () => {
    const settled = { ...context, name: 'product-b' };
    expect(parseProduct({ nameRules: ['a.dev'] }, settled).id).toBe('dev/product-b');
    const { reasons } = refusalOf(() => parseProduct(raw(), settled));
    expect(reasons.map(({ field }) => field)).toEqual(['name']);
  });

  it('refuses any other value without failing on it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ name: fc.anything(), nameRules: fc.anything() })), (value) => {
        expect(refusalOf(() => parseProduct(value, context)).code).toBe('policyRefused');
      }),
      { numRuns: tries(300) },
    );
  });
});

describe('what changed', () => {
  it('in a product is told by what came and what went', () => {
    const before = product();
    const after = product({
      version: 2,
      nameRules: [{ kind: 'exact', value: 'a.dev' }],
      profiles: ['client', 'server'],
      contacts: [],
    });
    expect(productChanges(before, after)).toEqual({
      nameRules: '+exact:a.dev -subdomain:dev.internal',
      profiles: 'in the order client server',
      contacts: '-team-a@example.org',
    });
    expect(productChanges(before, { ...before, version: 2 })).toEqual({});
  });

  it('in a profile is told by its new values', () => {
    const before = storedProfile({ subject: { commonName: 'none' } });
    const after = storedProfile({ version: 2, subject: { commonName: 'requested' }, backdateSeconds: 0 });
    expect(profileChanges(before, after)).toEqual({ subject: '{"commonName":"requested"}', backdateSeconds: '0' });
    expect(profileChanges(before, { ...before, version: 2 })).toEqual({});
  });

  it('is short and printable, however long it is', () => {
    const nameRules = Array.from({ length: 100 }, (_, n) => ({ kind: 'exact' as const, value: `host-${n}.dev` }));
    const text = productChanges(product(), product({ nameRules })).nameRules ?? '';
    expect(text.length).toBeLessThanOrEqual(303);
    expect(text).toMatch(/^[ -~]+$/);
  });
});
