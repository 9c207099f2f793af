/** Names, and rules that give names, against the constraints of the authorities above, where the RFC is easily misread. */
import { expect, it } from 'vitest';
import { contextTag } from '../../../src/domain/der/tag.ts';
import { implicit, sequence, tlv } from '../../../src/domain/der/writer.ts';
import { judgeConstrainedNames, judgeNameConstraints } from '../../../src/domain/policy/judge-name-constraints.ts';
import type { NameRule } from '../../../src/domain/policy/name-rule.ts';
import { parseGeneralName } from '../../../src/domain/x509/general-name.ts';
import { decodeNameConstraints } from '../../../src/domain/x509/name-constraints.ts';

const [email, dns, uri, ip] = [1, 2, 6, 7];

/** NameConstraints with one subtree, permitted or excluded. */
const constraints = (list: 'permitted' | 'excluded', kind: number, base: string | Uint8Array) =>
  decodeNameConstraints(
    sequence(
      tlv(contextTag(list === 'permitted' ? 0 : 1, true), sequence(implicit(kind, Uint8Array.from(Buffer.from(base))))),
    ),
  );

const admits = (
  list: 'permitted' | 'excluded',
  [kind, base]: readonly [number, string | Uint8Array],
  name: string,
): boolean => judgeConstrainedNames([constraints(list, kind, base)], [parseGeneralName(name)!]).length === 0;

it.each([
  ['Ops@a.example', 'Ops@A.example', true],
  ['Ops@a.example', 'ops@a.example', false],
  ['ops@a.example', 'a.EXAMPLE', true],
  ['ops@b.a.example', 'a.example', false],
  ['ops@b.a.example', '.A.example', true],
])('the mail address %s is in %s: %s', (name, base, isIn) => {
  expect([admits('permitted', [email, base], name), admits('excluded', [email, base], name)]).toEqual([isIn, !isIn]);
});

it.each([
  ['a.example', 'A.example', true],
  ['b.a.example', 'a.example', true],
  ['xa.example', 'a.example', false],
  ['a.example', '.a.example', false],
  ['b.a.example', '.a.example', true],
  ['a.example', '', true],
  ['a.example', 'b.a.example', false],
])('the DNS name %s is in %j: %s', (name, base, isIn) => {
  expect([admits('permitted', [dns, base], name), admits('excluded', [dns, base], name)]).toEqual([isIn, !isIn]);
});

it.each([
  // Permitted: each name it stands for must be in. Excluded: none may be.
  ['*.a.example', 'a.example', [true, false]],
  ['*.a.example', '.a.example', [true, false]],
  ['*.a.example', 'b.a.example', [false, false]],
  ['*.a.example', '.b.a.example', [false, false]],
  ['*.a.example', 'b.example', [false, true]],
  ['*.a.example', 'xa.example', [false, true]],
])('the wildcard %s is admitted by %s, when that is permitted and when it is excluded: %j', (name, base, admitted) => {
  expect([admits('permitted', [dns, base], name), admits('excluded', [dns, base], name)]).toEqual(admitted);
});

it('a name must be admitted by every authority above', () => {
  const above = [constraints('permitted', dns, 'example'), constraints('permitted', dns, 'a.example')];
  const names = ['b.example', 'b.a.example'].map((name) => parseGeneralName(name)!);
  for (const order of [above, above.toReversed()]) {
    expect(judgeConstrainedNames(order, names).map(({ value }) => value)).toEqual(['b.example']);
  }
});

it('a name needs to be in one of the permitted subtrees of its kind, and in none of the excluded', () => {
  const subtrees = (...bases: string[]) => bases.map((value) => ({ kind: 'dns', value }) as const);
  const both = { permitted: subtrees('a.example', 'b.example'), excluded: subtrees('c.a.example', 'd.a.example') };
  const names = ['a.example', 'x.b.example', 'c.example', 'c.a.example', 'x.d.a.example'];
  const reasons = judgeConstrainedNames(
    [both],
    names.map((name) => parseGeneralName(name)!),
  );
  expect(reasons.map(({ value }) => value)).toEqual(['c.example', 'c.a.example', 'x.d.a.example']);
});

it.each([
  ['spiffe://a.example/x', 'a.example', true],
  ['spiffe://b.a.example/x', 'a.example', false],
  ['spiffe://b.a.example/x', '.a.example', true],
  ['https://a.example:8443', 'A.example', true],
])('the URI %s is in %s: %s', (name, base, isIn) => {
  expect([admits('permitted', [uri, base], name), admits('excluded', [uri, base], name)]).toEqual([isIn, !isIn]);
});

const [tenNet, oneHost] = [Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0), Uint8Array.of(10, 1, 2, 3, 255, 255, 255, 255)];
const docNet = Uint8Array.from(Buffer.from(`20010db8${'00'.repeat(12)}ffffffff${'00'.repeat(12)}`, 'hex'));
it.each([
  ['10.1.2.3', tenNet, true],
  ['11.1.2.3', tenNet, false],
  ['10.1.2.3', oneHost, true],
  ['10.1.2.2', oneHost, false],
  ['2001:db8::1', docNet, true],
  ['2001:db9::1', docNet, false],
  ['10.1.2.3', docNet, false],
])('the address %s is in the subnet %s: %s', (name, base, isIn) => {
  expect([admits('permitted', [ip, base], name), admits('excluded', [ip, base], name)]).toEqual([isIn, !isIn]);
});

it.each<[string, Uint8Array, readonly [boolean, boolean]]>([
  ['10.0.0.0/8', tenNet, [true, false]],
  ['10.1.0.0/16', tenNet, [true, false]],
  ['10.0.0.0/7', tenNet, [false, false]],
  ['0.0.0.0/0', tenNet, [false, false]],
  ['11.0.0.0/8', tenNet, [false, true]],
  ['10.1.2.0/24', oneHost, [false, false]],
  ['10.1.3.0/24', oneHost, [false, true]],
  ['2001:db8:1::/48', docNet, [true, false]],
  ['2001:d00::/24', docNet, [false, false]],
  ['10.0.0.0/8', docNet, [false, true]],
])('the range %s of a rule is admitted by the subnet %s, permitted and excluded: %j', (value, base, admitted) => {
  const rules = [{ id: 'dev/a', nameRules: [{ kind: 'ip', value } as const] }];
  const judge = (list: 'permitted' | 'excluded') =>
    judgeNameConstraints(constraints(list, ip, base), rules, 'chain[0]');
  expect([judge('permitted'), judge('excluded')].map((reasons) => reasons.length === 0)).toEqual(admitted);
});

it('a constraint of a kind that is not checked is told, permitted or excluded, whatever products may name', () => {
  const directoryName = tlv(contextTag(4, true), sequence());
  const ofKind = (list: number) =>
    decodeNameConstraints(
      sequence(tlv(contextTag(list, true), sequence(implicit(dns, Buffer.from('a'))), sequence(directoryName))),
    );
  for (const list of [0, 1]) {
    expect(judgeNameConstraints(ofKind(list), [], 'chain[2]')).toMatchObject([
      { code: 'unsupportedNameConstraint', field: 'chain[2]' },
    ]);
  }
  expect(judgeNameConstraints(constraints('permitted', dns, 'a'), [], 'chain[2]')).toEqual([]);
});

const oneOfEach = { email: 'ops@b.example', dns: 'b.example', uri: 'spiffe://b.example/x', ip: '11.0.0.1' };
it.each([
  ['email', [email, 'a.example']],
  ['dns', [dns, 'a.example']],
  ['uri', [uri, 'a.example']],
  ['ip', [ip, tenNet]],
] as const)('what is permitted of kind %s leaves the other kinds as they are', (kind, subtree) => {
  const admitted = Object.entries(oneOfEach).filter(([, name]) => admits('permitted', subtree, name));
  expect(admitted.map(([each]) => each)).toEqual(Object.keys(oneOfEach).filter((each) => each !== kind));
});

it.each<[string, NameRule, boolean]>([
  ['whose every address it gives', { kind: 'email', value: '@a.example' }, true],
  ['just the one it gives', { kind: 'email', value: 'ops@a.example' }, true],
  ['another than it gives', { kind: 'email', value: 'dev@a.example' }, false],
  ['of another host', { kind: 'email', value: '@b.example' }, false],
  ['that merely ends like it', { kind: 'email', value: 's@a.example' }, false],
])('a rule meets an excluded mailbox %s', (_, rule, meets) => {
  const reasons = judgeNameConstraints(
    constraints('excluded', email, 'ops@a.example'),
    [{ id: 'dev/a', nameRules: [rule] }],
    'chain[0]',
  );
  expect(reasons.map(({ code }) => code)).toEqual(meets ? ['nameConstraintViolated'] : []);
});

it('a URI whose host is an address passes no constraint on URIs', () => {
  const name = 'https://10.0.0.1/x';
  expect(admits('permitted', [uri, '10.0.0.1'], name)).toBe(false);
  expect(admits('excluded', [uri, '.a.example'], name)).toBe(false);
  expect(admits('excluded', [email, '.a.example'], name)).toBe(true);
});

it('an empty subtree of URIs or mail addresses, which programs read in two ways, is counted on in neither', () => {
  for (const [kind, name] of [
    [uri, 'spiffe://a.example/x'],
    [email, 'ops@a.example'],
  ] as const) {
    expect([admits('permitted', [kind, ''], name), admits('excluded', [kind, ''], name)]).toEqual([false, false]);
  }
});
