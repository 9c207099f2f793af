/** What is told of raw configuration that is wrong, and which fields stand for themselves. */
import { describe, expect, it } from 'vitest';
import type { Reason } from '../../../src/domain/errors.ts';
import { complainInto, integerOf, objectOf, takeFields } from '../../../src/domain/policy/raw-fields.ts';

describe('a complaint', () => {
  const of = (field: string, value?: unknown): Reason => {
    const reasons: Reason[] = [];
    complainInto(reasons, 'product')(field, 'must be better', value);
    return reasons[0]!;
  };

  it('begins with the field, or with the whole where no field is meant', () => {
    expect(of('name')).toEqual({ code: 'invalidField', field: 'name', message: 'name must be better.' });
    expect(of('')).toMatchObject({ field: 'product', message: 'product must be better.' });
  });

  it('shows the value, one that JSON does not know by its kind', () => {
    const itself: { own?: object } = {};
    itself.own = itself;
    const shown = [7, 'a', null, [true], 1n, itself, () => 7].map((value) => of('name', value).value);
    expect(shown).toEqual(['7', '"a"', 'null', '[true]', 'bigint', 'object', 'function']);
    expect(of('name', undefined)).not.toHaveProperty('value');
  });

  it('about what is missing shows that there is nothing', () => {
    const reasons: Reason[] = [];
    const complain = complainInto(reasons, 'product');
    objectOf(undefined, { field: 'names', known: ['a'] }, complain);
    expect(integerOf(undefined, { field: 'maximum', minimum: 1, maximum: 2 }, complain)).toBeNaN();
    expect(reasons.map(({ field, value }) => [field, value])).toEqual([
      ['names', 'null'],
      ['maximum', 'null'],
    ]);
  });
});

describe('fields that stand for themselves', () => {
  it('are taken out of an object', () => {
    expect(takeFields({ dryRun: true, name: 'a' }, ['dryRun', 'force'])).toEqual({
      taken: { dryRun: true },
      rest: { name: 'a' },
    });
  });

  it.each([[null], [7], [['dryRun']], ['dryRun'], [undefined]])('are none of %j, which is left as it is', (value) => {
    expect(takeFields(value, ['dryRun', '0'])).toEqual({ taken: {}, rest: value });
  });
});
