import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCertificate, mostAlike } from '../../../src/domain/policy/compare-certificate.ts';
import { certificateDetails } from '../../support/inventory-builders.ts';
import { prepare } from '../../support/policy-builders.ts';

const after = prepare();
const { tbs: _tbs, ...same } = after;
const current = (override: object = {}) => certificateDetails({ ...same, ...override });

describe('compareCertificate', () => {
  it('finds nothing between two that say the same', () => {
    expect(compareCertificate(current(), after)).toEqual({
      namesAdded: [],
      namesRemoved: [],
      subjectChanged: false,
      profileChanged: false,
      keyChanged: false,
      keyTypeChanged: false,
      lifetimeSecondsAdded: 0,
    });
  });

  it('tells names that come and go, another key and another lifetime', () => {
    const other = current({
      names: ['old.dev.internal'],
      subject: 'CN=old',
      profile: 'client',
      keySha256: '00'.repeat(32),
      keyType: 'rsa-2048',
      notAfter: after.notAfter + 60,
    });
    expect(compareCertificate(other, after)).toEqual({
      namesAdded: after.names,
      namesRemoved: ['old.dev.internal'],
      subjectChanged: true,
      profileChanged: true,
      keyChanged: true,
      keyTypeChanged: true,
      lifetimeSecondsAdded: -60,
    });
  });
});

describe('mostAlike', () => {
  const named = (...names: string[]) => ({ names, profile: 'server', requestedAt: 1 });
  const wanted = { ...after, names: ['a', 'b'], profile: 'server' };
  const choose = (...candidates: object[]) => mostAlike(candidates.map(current), wanted);

  it.each<[string, object, object[]]>([
    ['the most names in common', named('a', 'b', 'c'), [named('a'), named('b', 'd')]],
    ['the fewest other names', named('a', 'b'), [named('a', 'b', 'c'), named('a')]],
    ['the same profile', named('a', 'b'), [{ ...named('a', 'b'), profile: 'client', requestedAt: 9 }]],
    ['the newest', { ...named('a', 'b'), requestedAt: 5 }, [named('a', 'b'), { ...named('a', 'b'), requestedAt: 4 }]],
  ])('prefers %s, wherever it stands', (_what, best, others) => {
    expect(choose(best, ...others)).toMatchObject(best);
    expect(choose(...others, best)).toMatchObject(best);
  });

  it('is nothing without a name in common', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom('c', 'd', '*.a'))), (names) => {
        expect(choose(...names.map((list) => named(...list)))).toBeUndefined();
      }),
    );
  });
});
