import { describe, expect, it } from 'vitest';
import { builtinProfiles } from '../../../src/domain/policy/builtin-profiles.ts';
import { parseProfile } from '../../../src/domain/policy/parse-profile.ts';
import { day, profileContext, rawProfile } from '../../support/policy-builders.ts';
import { refusalOf } from '../../support/refusal.ts';

const parse = (override: object) => parseProfile(rawProfile(override), profileContext);
const fieldsRefused = (raw: unknown): readonly (string | undefined)[] => {
  const { code, reasons } = refusalOf(() => parseProfile(raw, profileContext));
  expect(code).toBe('policyRefused');
  expect(new Set(reasons.map((reason) => reason.code))).toEqual(new Set(['invalidField']));
  return reasons.map(({ field }) => field);
};

/** Lifetimes whose `changed` part is other than the valid default's. */
const lifetimes = (changed: object) => ({
  lifetimeSeconds: { minimum: 3600, default: day, maximum: 30 * day, ...changed },
});
const names = (changed: object) => ({ names: { types: ['dns'], wildcards: false, maximum: 10, ...changed } });
const keys = (changed: object) => ({ keys: { kinds: ['ec-p256'], rsaMinimumBits: 2048, ...changed } });
const subject = (changed: object) => ({ subject: { commonName: 'none', ...changed } });

describe('parseProfile', () => {
  it('gives what was written, with its environment, authority and version', () => {
    expect(parse({})).toEqual({
      ...rawProfile(),
      approvals: 0,
      rotation: { newKey: 'required', overlapSeconds: 7 * day, revokePredecessor: false },
      ...profileContext,
    });
  });

  it('takes how many operators must approve', () => {
    for (const approvals of [0, 1, 2]) expect(parse({ approvals }).approvals).toBe(approvals);
  });

  it('takes how certificates are followed, and what is left out as it is by default', () => {
    const rotation = { newKey: 'optional', overlapSeconds: 0, revokePredecessor: true };
    expect(parse({ rotation }).rotation).toEqual(rotation);
    expect(parse({ rotation: { revokePredecessor: true } }).rotation).toEqual({
      newKey: 'required',
      overlapSeconds: 7 * day,
      revokePredecessor: true,
    });
  });

  it('takes one lifetime for all certificates', () => {
    const given = lifetimes({ minimum: day, maximum: day });
    expect(parse(given)).toMatchObject(given);
  });

  it('takes fixed attributes of the subject', () => {
    const given = subject({ organization: 'Müller & Söhne (Test), Inc.', organizationalUnit: 'Ops/A' });
    expect(parse(given).subject).toEqual(given.subject);
  });

  it.each<[string, object, string]>([
    ['a name in upper case', { name: 'Server' }, 'name'],
    ['a name of 33 characters', { name: 'a'.repeat(33) }, 'name'],
    ['no name', { name: undefined }, 'name'],
    ['three approvals', { approvals: 3 }, 'approvals'],
    ['no number of approvals', { approvals: null }, 'approvals'],
    ['a rotation that is no object', { rotation: true }, 'rotation'],
    ['a key that may perhaps be new', { rotation: { newKey: 'maybe' } }, 'rotation.newKey'],
    ['a negative overlap', { rotation: { overlapSeconds: -1 } }, 'rotation.overlapSeconds'],
    ['a revocation in words', { rotation: { revokePredecessor: 'yes' } }, 'rotation.revokePredecessor'],
    ['an unknown field of the rotation', { rotation: { overlap: 1 } }, 'rotation.overlap'],
    ['keyCertSign', { keyUsage: ['digitalSignature', 'keyCertSign'] }, 'keyUsage'],
    ['cRLSign', { keyUsage: ['digitalSignature', 'cRLSign'] }, 'keyUsage'],
    ['no digitalSignature', { keyUsage: ['keyEncipherment'] }, 'keyUsage'],
    ['a key usage twice', { keyUsage: ['digitalSignature', 'digitalSignature'] }, 'keyUsage'],
    ['a text in place of a list', { keyUsage: 'digitalSignature' }, 'keyUsage'],
    ['OCSPSigning', { extendedKeyUsage: ['OCSPSigning'] }, 'extendedKeyUsage'],
    ['anyExtendedKeyUsage', { extendedKeyUsage: ['serverAuth', 'anyExtendedKeyUsage'] }, 'extendedKeyUsage'],
    ['no extended key usage', { extendedKeyUsage: [] }, 'extendedKeyUsage'],
    ['a minimum above the default', lifetimes({ minimum: 2 * day }), 'lifetimeSeconds'],
    ['a default above the maximum', lifetimes({ default: 31 * day }), 'lifetimeSeconds'],
    ['a minimum of under a minute', lifetimes({ minimum: 59 }), 'lifetimeSeconds.minimum'],
    ['a maximum of over ten years', lifetimes({ maximum: 4000 * day }), 'lifetimeSeconds.maximum'],
    ['half a second', lifetimes({ default: 3600.5 }), 'lifetimeSeconds.default'],
    ['a lifetime in words', lifetimes({ default: '1d' }), 'lifetimeSeconds.default'],
    ['an unknown kind of lifetime', lifetimes({ usual: day }), 'lifetimeSeconds.usual'],
    ['backdating by more than a day', { backdateSeconds: day + 1 }, 'backdateSeconds'],
    ['backdating into the future', { backdateSeconds: -1 }, 'backdateSeconds'],
    ['an unknown template of the CN', subject({ commonName: 'anything' }), 'subject.commonName'],
    ['no template of the CN', { subject: {} }, 'subject.commonName'],
    ['an organization of 65 characters', subject({ organization: 'a'.repeat(65) }), 'subject.organization'],
    ['an organization with a line feed', subject({ organization: 'a\nb' }), 'subject.organization'],
    ['an organization that begins with a blank', subject({ organization: ' a' }), 'subject.organization'],
    ['an organization that ends with a blank', subject({ organization: 'a ' }), 'subject.organization'],
    ['an unknown attribute', subject({ country: 'DE' }), 'subject.country'],
    ['an unknown type of names', names({ types: ['dns', 'otherName'] }), 'names.types'],
    ['wildcards that are neither true nor false', names({ wildcards: 'yes' }), 'names.wildcards'],
    ['room for no name', names({ maximum: 0 }), 'names.maximum'],
    ['room for 101 names', names({ maximum: 101 }), 'names.maximum'],
    ['an unknown kind of keys', keys({ kinds: ['ec-p224'] }), 'keys.kinds'],
    ['RSA keys of 1024 bits', keys({ rsaMinimumBits: 1024 }), 'keys.rsaMinimumBits'],
    ['an unknown field', { basicConstraints: { ca: true } }, 'basicConstraints'],
    ['the environment, which is not its to say', { environment: 'prod' }, 'environment'],
  ])('refuses %s', (_, override, field) => {
    expect(fieldsRefused(rawProfile(override))).toEqual([field]);
  });

  it.each([null, undefined, 'server', 7, ['server']])('refuses %s in place of an object', (raw) => {
    expect(fieldsRefused(raw)).toContain('profile');
  });

  it('tells everything that is wrong at once', () => {
    const raw = { ...rawProfile({ name: '' }), ...lifetimes({ minimum: 1, extra: 1 }), ...keys({ kinds: [] }), x: 1 };
    expect(fieldsRefused(raw)).toEqual(['x', 'name', 'lifetimeSeconds.extra', 'lifetimeSeconds.minimum', 'keys.kinds']);
  });

  it('shows the value that was refused, made printable, even one that JSON does not know', () => {
    const shown = (name: unknown) => refusalOf(() => parse({ name })).reasons[0]?.value;
    const itself: unknown[] = [];
    itself.push(itself);
    expect(shown('a\u001b[2J\u202e')).toBe('"a\\u001b[2J\\u{202e}"');
    expect(shown(itself)).toBe('object');
    expect(shown(1n)).toBe('bigint');
    expect(shown(undefined)).toBe('null');
  });
});

describe('the built-in profiles', () => {
  const profiles = builtinProfiles('dev', 'dev-issuing');

  it('are server, client and peer of the environment', () => {
    const told = profiles.map(({ name, extendedKeyUsage }) => [name, extendedKeyUsage]);
    expect(told).toEqual([
      ['server', ['serverAuth']],
      ['client', ['clientAuth']],
      ['peer', ['serverAuth', 'clientAuth']],
    ]);
    for (const profile of profiles) expect(profile).toMatchObject({ environment: 'dev', authority: 'dev-issuing' });
  });

  it('give 30 days by default and 397 at most', () => {
    for (const { lifetimeSeconds } of profiles) {
      expect(lifetimeSeconds).toMatchObject({ default: 30 * day, maximum: 397 * day });
    }
  });
});
