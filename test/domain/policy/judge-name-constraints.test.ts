/** Names against the constraints of the authorities above, where the RFC is easily misread; DNS names are judged with the import. */
import { expect, it } from 'vitest';
import { contextTag } from '../../../src/domain/der/tag.ts';
import { implicit, sequence, tlv } from '../../../src/domain/der/writer.ts';
import { judgeConstrainedNames } from '../../../src/domain/policy/judge-name-constraints.ts';
import { parseGeneralName } from '../../../src/domain/x509/general-name.ts';
import { decodeNameConstraints } from '../../../src/domain/x509/name-constraints.ts';

const [email, uri] = [1, 6];

/** NameConstraints with one subtree, permitted or excluded. */
const constraints = (list: 'permitted' | 'excluded', kind: number, base: string) =>
  decodeNameConstraints(
    sequence(tlv(contextTag(list === 'permitted' ? 0 : 1, true), sequence(implicit(kind, Buffer.from(base))))),
  );

const admits = (list: 'permitted' | 'excluded', [kind, base]: readonly [number, string], name: string): boolean =>
  judgeConstrainedNames([constraints(list, kind, base)], [parseGeneralName(name)!]).length === 0;

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
  ['spiffe://a.example/x', 'a.example', true],
  ['spiffe://b.a.example/x', 'a.example', false],
  ['spiffe://b.a.example/x', '.a.example', true],
  ['https://a.example:8443', 'A.example', true],
])('the URI %s is in %s: %s', (name, base, isIn) => {
  expect([admits('permitted', [uri, base], name), admits('excluded', [uri, base], name)]).toEqual([isIn, !isIn]);
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
