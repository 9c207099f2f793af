import { describe, expect, it } from 'vitest';
import { allowed } from '../../src/api/allowed.ts';
import { CertificateListQuery } from '../../src/api/certificate-list.ts';
import type { Rules } from '../../src/api/shape.ts';
import { TokenBody } from '../../src/api/token.ts';

const ofFilter = (name: keyof typeof CertificateListQuery.properties): string =>
  allowed(CertificateListQuery.properties[name] as Rules);

describe('what is allowed, in words', () => {
  it.each<[string, Rules, string]>([
    ['a bounded number', { type: 'integer', minimum: 1, maximum: 1000 }, 'a whole number from 1 to 1000'],
    ['a number from somewhere on', { type: 'integer', minimum: 0 }, 'a whole number from 0'],
    ['a number up to somewhere', { type: 'number', maximum: 5 }, 'a number of at most 5'],
    ['a choice', { enum: ['', 'true', 'false'] }, 'one of nothing, true, false'],
    ['a constant', { type: 'string', const: 'openbao' }, 'openbao'],
    ['a text of a length', { type: 'string', minLength: 3, maxLength: 200 }, 'a text of 3 to 200 characters'],
    ['a text that must be something', { type: 'string', minLength: 1 }, 'a text of 1 or more characters'],
    [
      'a pattern of some length',
      { type: 'string', pattern: '^[a-z]+$', minLength: 10, maxLength: 400 },
      'a text like ^[a-z]+$, of 10 to 400 characters',
    ],
    ['a pattern', { type: 'string', pattern: '^[a-z]$', maxLength: 9 }, 'a text like ^[a-z]$'],
    [
      'a pattern with an example',
      { type: 'string', pattern: '^[a-z]$', examples: ['b', 'c'] },
      'a text like b (^[a-z]$)',
    ],
    ['a time', { type: 'string', format: 'date-time' }, 'a time like 2026-11-21T07:00:00Z'],
    ['texts', { type: 'array', items: { type: 'string' }, maxItems: 50 }, 'a list of texts, at most 50'],
    ['other items', { type: 'array', items: { enum: ['a', 'b'] }, minItems: 1 }, 'a list, each one of a, b, 1 or more'],
    ['an object', { type: 'object', minProperties: 1 }, 'an object of 1 or more fields'],
    ['a switch', { type: 'boolean' }, 'true or false'],
  ])('%s', (_what, rules, words) => {
    expect(allowed(rules)).toBe(words);
  });

  it('a value that may be repeated is told as the one value', () => {
    expect(ofFilter('status')).toBe('one of pending, valid, expired, revoked, held');
  });

  it('either of several kinds', () => {
    expect(allowed(TokenBody.properties.uses as Rules)).toBe('a whole number from 1 to 1000000, or null');
  });
});
