/** What an operator may ask of a campaign, field by field: the edges of each, and what is told when it is wrong. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCampaign, parseResumption } from '../../../src/domain/policy/parse-campaign.ts';
import { refusalOf } from '../../support/refusal.ts';
import { tries } from '../../support/tries.ts';

const now = Date.UTC(2026, 10, 21) / 1000;
const at = (seconds: number): string => new Date((now + seconds) * 1000).toISOString();
const raw = (override: object = {}) => ({ filter: { environment: 'dev' }, rotateBy: at(3600), ...override });
const parse = (override: object = {}) => parseCampaign(raw(override), now);
const filterOf = (filter: object) => parse({ filter }).filter;
const told = (call: () => unknown): readonly string[] => {
  const { code, reasons } = refusalOf(call);
  expect(code).toBe('policyRefused');
  return reasons.map((reason) => `${reason.code} ${reason.field}`);
};
const wrong = (override: object) => told(() => parse(override));

describe('a campaign', () => {
  it('is what was asked for; without description and revocation, unless they are given', () => {
    expect(parse()).toEqual({
      filter: { environment: ['dev'] },
      rotateBy: now + 3600,
      revokeAt: null,
      description: '',
    });
    const description = 'ü'.repeat(200);
    expect(parse({ revokeAt: at(3600), description, dryRun: false })).toMatchObject({
      revokeAt: now + 3600,
      description,
    });
  });

  it('has a deadline that is still to come, and revokes nothing before it', () => {
    expect(parse({ rotateBy: at(1) }).rotateBy).toBe(now + 1);
    expect(wrong({ rotateBy: at(0) })).toEqual(['deadlinePassed rotateBy']);
    expect(wrong({ revokeAt: at(3599) })).toEqual(['revokedBeforeDeadline revokeAt']);
    expect(wrong({ rotateBy: at(-1), revokeAt: at(-2) })).toEqual([
      'deadlinePassed rotateBy',
      'revokedBeforeDeadline revokeAt',
    ]);
  });

  it.each<[string, object, string]>([
    ['no time', { rotateBy: undefined }, 'rotateBy'],
    ['a deadline in a language of its own', { rotateBy: 'tomorrow' }, 'rotateBy'],
    ['Unix seconds', { rotateBy: now + 60 }, 'rotateBy'],
    ['a day that its month has not', { rotateBy: '2027-02-29T00:00:00Z' }, 'rotateBy'],
    ['a month that no year has', { rotateBy: '2027-13-01T00:00:00Z' }, 'rotateBy'],
    ['an hour that no day has', { rotateBy: '2027-01-01T24:00:00Z' }, 'rotateBy'],
    ['an offset that nobody has', { rotateBy: '2027-01-01T00:00:00+99:00' }, 'rotateBy'],
    ['a time without an offset', { rotateBy: '2027-01-01T00:00:00' }, 'rotateBy'],
    ['a revocation that is no time', { revokeAt: 'never' }, 'revokeAt'],
    ['a description of 201 characters', { description: '😀'.repeat(201) }, 'description'],
    ['a description that is no text', { description: ['a'] }, 'description'],
    ['a dry run that is perhaps one', { dryRun: 'perhaps' }, 'dryRun'],
    ['a field that there is not', { force: true }, 'force'],
    ['no filter', { filter: undefined }, 'filter'],
    ['a filter that is none', { filter: ['dev'] }, 'filter'],
    ['a filter that is null', { filter: null }, 'filter'],
  ])('is refused with %s, for that alone', (_, override, field) => {
    expect(wrong(override)).toEqual([`invalidField ${field}`]);
  });

  it('takes a time in any offset, on the last day of February, too, and counts no fraction of a second', () => {
    expect(parse({ rotateBy: '2028-02-29T01:00:00.999+01:00' }).rotateBy).toBe(Date.UTC(2028, 1, 29) / 1000);
  });

  it('needs a filter: an empty one would mean every certificate', () => {
    expect(wrong({ filter: {} })).toEqual(['campaignWithoutFilter filter']);
  });

  it('is told everything that is wrong with it at once', () => {
    const filter = { environment: '', q: 'ab', colour: 'red' };
    expect(wrong({ filter, rotateBy: 'soon', revokeAt: 7 })).toEqual([
      'invalidField filter.colour',
      'invalidField filter.environment',
      'invalidField filter.q',
      'invalidField rotateBy',
      'invalidField revokeAt',
    ]);
  });

  it('refuses any other value without failing on it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.record({ filter: fc.anything(), rotateBy: fc.anything() })), (value) => {
        expect(refusalOf(() => parseCampaign(value, now)).code).toBe('policyRefused');
      }),
      { numRuns: tries(300) },
    );
  });
});

describe('the filter of a campaign', () => {
  it('has every field that the list of certificates has', () => {
    const time = at(0);
    expect(
      filterOf({
        environment: ['dev', 'staging', 'dev'],
        product: 'dev/a',
        profile: 'server',
        authority: 'dev-issuing',
        issuer: '01:AB',
        name: '*.Dev.internal',
        key: 'ab'.repeat(32),
        ...{ 'notAfter.before': time, 'notAfter.after': time, 'issued.before': time, 'issued.after': time },
        requestedBy: 't',
        q: 'abc',
      }),
    ).toEqual({
      environment: ['dev', 'staging'],
      owner: ['dev/a'],
      profile: ['server'],
      authority: ['dev-issuing'],
      issuerSerial: '01ab',
      name: '*.dev.internal',
      keySha256: 'ab'.repeat(32),
      ...{ notAfterBefore: now, notAfterAfter: now, issuedBefore: now, issuedAfter: now },
      requestedBy: 't',
      text: 'abc',
    });
  });

  it('takes as much as fits', () => {
    const product = Array.from({ length: 20 }, (_, index) => `dev/${index}`);
    expect(filterOf({ product }).owner).toEqual(product);
    const longest = 'x'.repeat(100);
    expect(filterOf({ profile: longest }).profile).toEqual([longest]);
    const text = '😀'.repeat(200);
    expect(filterOf({ q: text, requestedBy: text })).toEqual({ text, requestedBy: text });
  });

  it.each<[string, object]>([
    ['product', { product: Array.from({ length: 21 }, (_, index) => `dev/${index}`) }],
    ['product', { product: [] }],
    ['product', { product: ['dev/a', ''] }],
    ['product', { product: ['dev/a', 7] }],
    ['product', { product: 'dev/a b' }],
    ['profile', { profile: 'x'.repeat(101) }],
    ['authority', { authority: null }],
    ['issuer', { issuer: 'serial' }],
    ['issuer', { issuer: 7 }],
    ['name', { name: 'a b' }],
    ['name', { name: 7 }],
    ['key', { key: 'AB'.repeat(32) }],
    ['key', { key: 'ab'.repeat(31) }],
    ['key', { key: 7 }],
    ['notAfter.before', { 'notAfter.before': 'soon' }],
    ['notAfter.after', { 'notAfter.after': null }],
    ['issued.before', { 'issued.before': 7 }],
    ['issued.after', { 'issued.after': '' }],
    ['requestedBy', { requestedBy: '' }],
    ['requestedBy', { requestedBy: 'x'.repeat(201) }],
    ['q', { q: 'ab' }],
    ['q', { q: 'x'.repeat(201) }],
    ['q', { q: ['abc'] }],
  ])('is refused for %s that is %j', (field, filter) => {
    expect(wrong({ filter })).toEqual([`invalidField filter.${field}`]);
  });
});

describe('a campaign that is resumed', () => {
  const before = { rotateBy: now + 100, revokeAt: now + 200 };
  const resumed = (given: object, of = before) => parseResumption(given, of, now);

  it('keeps the times that are not given anew, and revokes nothing when that is said', () => {
    expect(resumed({})).toEqual(before);
    expect(resumed({ rotateBy: at(150) })).toEqual({ rotateBy: now + 150, revokeAt: now + 200 });
    expect(resumed({ revokeAt: at(300) })).toEqual({ rotateBy: now + 100, revokeAt: now + 300 });
    expect(resumed({ revokeAt: null })).toEqual({ rotateBy: now + 100, revokeAt: null });
  });

  it('needs a deadline that is still to come, the one from before, too', () => {
    const over = { rotateBy: now - 1, revokeAt: now + 200 };
    expect(told(() => resumed({}, over))).toEqual(['deadlinePassed rotateBy']);
    expect(resumed({ rotateBy: at(1) }, over)).toEqual({ rotateBy: now + 1, revokeAt: now + 200 });
    expect(told(() => resumed({ rotateBy: at(201) }))).toEqual(['revokedBeforeDeadline revokeAt']);
    expect(told(() => resumed({ filter: {} }))).toEqual(['invalidField filter']);
  });
});
