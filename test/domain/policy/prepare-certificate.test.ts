import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaError, type Reason } from '../../../src/domain/errors.ts';
import { parseTbsCertificate } from '../../../src/domain/x509/certificate.ts';
import { parseGeneralName } from '../../../src/domain/x509/general-name.ts';
import type { KeyType } from '../../../src/domain/x509/key-type.ts';
import { encodeName, formatName } from '../../../src/domain/x509/name.ts';
import { oids } from '../../../src/domain/x509/oids.ts';
import { keyIdentifier, publicKeySha256 } from '../../../src/domain/x509/public-key.ts';
import { commonName, someKey } from '../../support/csr-builder.ts';
import { day, makeIssuer, type Preparation, prepare, rawProfile, someSerial } from '../../support/policy-builders.ts';
import { reasonsOf, refusalOf } from '../../support/refusal.ts';
import { makeSigningKey } from '../../support/signing-key.ts';
import { testNow } from '../../support/test-hierarchy.ts';
import { tries } from '../../support/tries.ts';

const refused = (preparation: Preparation) => reasonsOf(() => prepare(preparation));
const tbsOf = (preparation: Preparation = {}) => parseTbsCertificate(prepare(preparation).tbs);
const reasonOf = (preparation: Preparation): Reason => refusalOf(() => prepare(preparation)).reasons[0]!;

/** A CSR without extensions, as `openssl req -new -subj /CN=...` makes it. */
const onlyCommonName = (text: string): Preparation => ({ csr: { subject: commonName(text), attributes: [] } });
const template = (subject: object): Preparation => ({ profile: { subject } });

describe('what is prepared', () => {
  it('is what the bytes say, with profile and version', () => {
    const prepared = prepare();
    const { spkiDer } = someKey();
    expect(prepared).toEqual({
      tbs: prepared.tbs,
      subject: 'CN=demo.dev.internal',
      names: ['demo.dev.internal'],
      keyType: 'ec-p256',
      keySha256: publicKeySha256(spkiDer),
      notBefore: testNow - 60,
      notAfter: testNow + 30 * day,
      profile: 'server',
      profileVersion: 3,
    });
    expect(parseTbsCertificate(prepared.tbs)).toMatchObject({ serial: someSerial, names: [{ type: 'dns' }] });
  });

  it('is for what its issuer admits, where that admits but some purposes', () => {
    const below = (...purposes: string[]): Preparation => ({ issuer: { purposes } });
    const profile = { extendedKeyUsage: ['serverAuth', 'clientAuth'] };
    expect(tbsOf({ ...below(oids.clientAuth, oids.serverAuth), profile }).extKeyUsage).toHaveLength(2);
    const [reason, ...others] = refusalOf(() => prepare({ ...below(oids.serverAuth), profile })).reasons;
    expect([reason, others]).toMatchObject([{ code: 'extendedKeyUsageTooNarrow', value: 'clientAuth' }, []]);
  });

  it('carries issuer, identifiers and extensions in a fixed order', () => {
    const issuer = makeIssuer();
    const tbs = tbsOf();
    expect(Buffer.from(tbs.issuer.der)).toEqual(Buffer.from(issuer.subjectDer));
    expect(Buffer.from(tbs.subjectKeyIdentifier!)).toEqual(Buffer.from(keyIdentifier(someKey().spkiDer)));
    expect(Buffer.from(tbs.authorityKeyIdentifier!)).toEqual(Buffer.from(issuer.subjectKeyIdentifier));
    expect([...tbs.extensions.keys()]).toEqual([
      oids.basicConstraints,
      oids.keyUsage,
      oids.extKeyUsage,
      oids.subjectKeyIdentifier,
      oids.authorityKeyIdentifier,
      oids.subjectAltName,
      oids.cRLDistributionPoints,
      oids.authorityInfoAccess,
    ]);
    expect(tbs.basicConstraints).toEqual({ ca: false });
  });

  it.each<[KeyType, readonly string[]]>([
    ['ec-p256', ['digitalSignature', 'keyAgreement']],
    ['ec-p521', ['digitalSignature', 'keyAgreement']],
    ['rsa-2048', ['digitalSignature', 'keyEncipherment']],
    ['ed25519', ['digitalSignature']],
  ])('has of the profile’s key usages those that a key of type %s can have', (type, expected) => {
    const profile = { keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'] };
    expect(tbsOf({ profile, csr: { key: makeSigningKey(type) } }).keyUsage).toEqual(expected);
  });

  it('is not changed by what the CSR asks for besides names', () => {
    const subject = encodeName([
      { type: 'organizationName', value: 'Somebody Else' },
      { type: 'commonName', value: 'demo.dev.internal' },
    ]);
    expect(prepare({ csr: { subject } }).subject).toBe('CN=demo.dev.internal');
  });
});

describe('the names of a request', () => {
  it('are the CSR’s subjectAltName in its order, each once', () => {
    const names = ['b.demo.dev.internal', '10.0.0.1', 'b.demo.dev.internal', 'spiffe://dev/demo/x'];
    expect(prepare({ csr: { names } }).names).toEqual([names[0], names[1], names[3]]);
  });

  it('are those given beside the CSR in place of the CSR’s, made canonical', () => {
    const names = ['A.DEMO.dev.internal', 'fd00:0::1', 'a.demo.dev.internal', 'Ops@DEV.internal'];
    expect(prepare({ request: { names } }).names).toEqual(['a.demo.dev.internal', 'fd00::1', 'Ops@dev.internal']);
  });

  it('are the CN when that is a DNS name and there is nothing else', () => {
    expect(prepare(onlyCommonName('demo.dev.internal')).names).toEqual(['demo.dev.internal']);
  });

  it.each(['10.0.0.1', 'ops@dev.internal', 'spiffe://dev/demo', 'demo_1.dev.internal'])(
    'are none when there is only the CN %s, which is no DNS name',
    (text) => {
      expect(reasonOf(onlyCommonName(text))).toMatchObject({ code: 'noNames', value: text });
    },
  );

  it('are judged as any other when they come from the CN', () => {
    expect(reasonOf(onlyCommonName('Alice'))).toMatchObject({
      code: 'nameNotAllowed',
      field: 'csr.subject',
      value: 'alice',
    });
  });

  it('are told to whoever asks for others: those of the same type, the first of many', () => {
    const many = Array.from({ length: 8 }, (_, index) => ({ kind: 'exact' as const, value: `h${index}.dev` }));
    const nameRules = [
      { kind: 'subdomain' as const, value: 'a.dev' },
      ...many,
      { kind: 'ip' as const, value: '10.0.0.0/8' },
    ];
    const messageFor = (name: string): string =>
      reasonOf({ request: { names: [name] }, product: { nameRules } }).message;
    expect(messageFor('b.dev')).toContain('It has h0.dev, h1.dev, h2.dev, h3.dev, h4.dev, 4 more:');
    const few = { request: { names: ['b.dev'] }, product: { nameRules: nameRules.slice(0, 2) } };
    expect(reasonOf(few).message).toContain('It has h0.dev, every name below a.dev:');
    expect(messageFor('11.0.0.1')).toContain('It has 10.0.0.0/8:');
    expect(messageFor('spiffe://dev/a')).toContain('It has no names of type uri:');
  });

  it('must be some', () => {
    expect(refused({ csr: { attributes: [] } })).toEqual(['noNames']);
    expect(refused({ request: { names: [] } })).toEqual(['noNames']);
  });

  it('may be as many as the profile says, counted once each', () => {
    const profile = { names: { types: ['dns'], wildcards: false, maximum: 2 } };
    const names = ['a.demo.dev.internal', 'b.demo.dev.internal'];
    expect(prepare({ profile, request: { names: [...names, names[0]!] } }).names).toEqual(names);
    expect(refused({ profile, request: { names: [...names, 'c.demo.dev.internal'] } })).toEqual(['tooManyNames']);
  });

  // Bad input 22.
  it('are not even read when there are over a hundred', () => {
    const names = Array.from({ length: 101 }, (_, index) => `\0${index}`);
    expect(refused({ request: { names } })).toEqual(['tooManyNames']);
  });

  it('may be listed over a hundred times where repeats leave a hundred', () => {
    const names = ['demo', ...Array.from({ length: 99 }, (_, index) => `h${index}.demo`)].map(
      (name) => `${name}.dev.internal`,
    );
    const profile = { names: { types: ['dns'], wildcards: false, maximum: 100 } };
    expect(prepare({ profile, request: { names: [...names, ...names] } }).names).toEqual(names);
    expect(prepare({ profile, csr: { names: [...names, ...names] } }).names).toEqual(names);
    const tenTimes = Array.from({ length: 10 }, () => names).flat();
    expect(prepare({ profile, csr: { names: tenTimes } }).names).toEqual(names);
    expect(refused({ profile, csr: { names: [...tenTimes, names[0]!] } })).toEqual(['tooManyNames']);
  });

  it('that are refused are told of once, however often they are listed', () => {
    const names = Array.from({ length: 150 }, () => '10.0.0');
    expect(refused({ request: { names } })).toEqual(['badIpAddress']);
  });

  it.each([
    ['a\0b', 'badCharacters'],
    ['demo_1.dev.internal', 'badDnsName'],
    ['', 'badDnsName'],
    ['10.0.0', 'badIpAddress'],
    ['Ops <ops@dev.internal>', 'badEmailAddress'],
    ['https://a@dev.internal/', 'badUri'],
    ['xn--dmo-dma.dev.internal', 'idnNotAllowed'],
    ['d\u0435mo.dev.internal', 'badDnsName'],
    ['other.dev.internal', 'nameNotAllowed'],
    ['127.0.0.1', 'nameNotAllowed'],
  ])('refuse %j as %s', (text, code) => {
    const reason = reasonOf({ request: { names: ['demo.dev.internal', text] } });
    expect(reason).toMatchObject({ code, field: 'names[1]' });
    expect(reason.value).toMatch(/^[ -~]*$/);
    expect(reason.message).toMatch(/^[A-Z].*\.$/);
  });

  it('must be of a type that the profile certifies', () => {
    const profile = { names: { types: ['uri'], wildcards: false, maximum: 5 } };
    expect(reasonOf({ profile })).toMatchObject({ code: 'nameTypeNotAllowed', field: 'csr.subjectAltName' });
  });

  // Bad input 16.
  it('may be wildcards only if both profile and product say so', () => {
    const csr = { names: ['*.demo.dev.internal'] };
    const profile = { names: { types: ['dns'], wildcards: false, maximum: 5 } };
    expect(prepare({ csr }).names).toEqual(['*.demo.dev.internal']);
    expect(refused({ csr, profile })).toEqual(['wildcardNotAllowed']);
    expect(refused({ csr, product: { nameRules: [{ kind: 'subdomain', value: 'dev.internal' }] } })).toEqual([
      'nameNotAllowed',
    ]);
  });

  // Bad input 19.
  it('must hold the CSR’s CN, in whatever spelling', () => {
    const csr = { subject: commonName('DEMO.dev.internal') };
    expect(prepare({ csr }).names).toEqual(['demo.dev.internal']);
    expect(reasonOf({ csr, request: { names: ['a.demo.dev.internal'] } })).toMatchObject({
      code: 'commonNameNotInNames',
      field: 'csr.subject',
      value: 'DEMO.dev.internal',
    });
  });

  it('are never accepted unless rules, profile and product all give them', () => {
    const text = fc.oneof(
      fc.constantFrom('demo.dev.internal', 'a.demo.dev.internal', '*.demo.dev.internal', 'evil.test', '10.1.2.3'),
      fc.constantFrom('11.0.0.1', 'fd00::5', '::1', 'spiffe://dev/demo/a', 'spiffe://dev/demob', 'a@dev.internal'),
      fc.string({ maxLength: 12 }).map((start) => `${start}.demo.dev.internal`),
      fc.string(),
    );
    const given =
      /^(?:(?:\*|[a-z0-9-]+(?:\.[a-z0-9-]+)*)\.)?demo\.dev\.internal$|^10\.|^fd|^spiffe:\/\/dev\/demo(?:\/|$)|@dev\.internal$/;
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (names) => {
        let accepted: readonly string[];
        try {
          accepted = prepare({ request: { names } }).names;
        } catch {
          // Only a name that is none, or one that no rule gives, is a reason to refuse this request.
          expect(names.every((name) => given.test(parseGeneralName(name)?.value ?? '\n'))).toBe(false);
          return;
        }
        expect(accepted).toEqual([...new Set(names.map((name) => parseGeneralName(name)?.value))]);
        for (const name of accepted) expect(name).toMatch(given);
      }),
      { numRuns: tries(300) },
    );
  });
});

describe('the subject', () => {
  const long = `${'a'.repeat(60)}.demo.dev.internal`;

  it('is the first DNS name that fits, before any e-mail address', () => {
    const names = ['10.0.0.1', 'ops@dev.internal', long, 'b.demo.dev.internal', 'demo.dev.internal'];
    expect(prepare({ csr: { names } }).subject).toBe('CN=b.demo.dev.internal');
    expect(prepare({ csr: { names: names.slice(0, 3) } }).subject).toBe('CN=ops@dev.internal');
  });

  it('takes a name of 64 characters, as long as a CN may be, and none longer', () => {
    const longest = `${'a'.repeat(46)}.demo.dev.internal`;
    expect(prepare({ csr: { names: [longest] } }).subject).toBe(`CN=${longest}`);
    expect(prepare({ csr: { names: [`a${longest}`] } }).subject).toBe('');
  });

  it.each([
    ['no name fits', { csr: { names: [long, '10.0.0.1'] } }],
    ['the profile has none', template({ commonName: 'none' })],
    ['the CSR has none for it', template({ commonName: 'requested' })],
  ])('is empty, and the names critical, when %s', (_, preparation) => {
    const { subject, extensions } = tbsOf(preparation);
    expect(formatName(subject)).toBe('');
    expect(extensions.get(oids.subjectAltName)?.critical).toBe(true);
  });

  it('leaves the names not critical when it is not empty', () => {
    expect(tbsOf().extensions.get(oids.subjectAltName)?.critical).toBe(false);
  });

  it('may be the CSR’s CN, in the spelling of the name that it is', () => {
    const preparation = {
      ...template({ commonName: 'requested' }),
      request: { names: ['fd00::a', 'Ops@dev.internal'] },
    };
    const withCommonName = (text: string) => prepare({ ...preparation, csr: { subject: commonName(text) } }).subject;
    expect(withCommonName('FD00:0:0::A')).toBe('CN=fd00::a');
    expect(withCommonName('Ops@DEV.internal')).toBe('CN=Ops@dev.internal');
  });

  it('has the profile’s fixed attributes before the CN', () => {
    const fixed = { organization: 'Example, Inc.', organizationalUnit: 'Ops' };
    const { subject } = tbsOf(template({ commonName: 'firstName', ...fixed }));
    expect(subject.attributes.map(({ oid, value }) => [oid, value])).toEqual([
      [oids.organizationName, 'Example, Inc.'],
      [oids.organizationalUnitName, 'Ops'],
      [oids.commonName, 'demo.dev.internal'],
    ]);
  });
});

describe('the key', () => {
  const keys = (kinds: readonly string[], rsaMinimumBits = 2048) => ({ profile: { keys: { kinds, rsaMinimumBits } } });

  it('is of a kind that the profile certifies', () => {
    expect(reasonOf(keys(['rsa', 'ed25519']))).toMatchObject({
      code: 'keyTypeNotAllowed',
      field: 'csr.publicKey',
      value: 'ec-p256',
    });
  });

  it('is as long as the profile asks of RSA keys', () => {
    const csr = { key: makeSigningKey('rsa-2048') };
    expect(prepare({ ...keys(['rsa']), csr }).keyType).toBe('rsa-2048');
    expect(refused({ ...keys(['rsa'], 3072), csr })).toEqual(['keyTypeNotAllowed']);
  });
});

describe('a refusal', () => {
  it('tells every reason of every kind at once', () => {
    const error = refusalOf(() =>
      prepare({
        profile: { keys: { kinds: ['rsa'], rsaMinimumBits: 2048 } },
        issuer: { notAfter: testNow + 60 * day },
        csr: { subject: commonName('demo.dev.internal') },
        request: { names: ['\u001b[2J', 'evil.test'], lifetimeSeconds: 365 * day },
      }),
    );
    expect(error.code).toBe('compound');
    expect(error.reasons.map(({ code, field }) => [code, field])).toEqual([
      ['badCharacters', 'names[0]'],
      ['nameNotAllowed', 'names[1]'],
      ['commonNameNotInNames', 'csr.subject'],
      ['keyTypeNotAllowed', 'csr.publicKey'],
      ['lifetimeTooLong', 'lifetimeSeconds'],
      ['outlivesIssuer', 'lifetimeSeconds'],
    ]);
  });

  // Bad input 54.
  it('meets an explicit lifetime past the issuer’s end, while the default is cut to it', () => {
    const issuer = { notAfter: testNow + 10 * day };
    expect(refused({ issuer, request: { lifetimeSeconds: 11 * day } })).toEqual(['outlivesIssuer']);
    expect(prepare({ issuer }).notAfter).toBe(testNow + 10 * day);
  });
});

describe('any request', () => {
  const keys = (['ec-p256', 'rsa-2048', 'ed25519'] as const).map((type) => makeSigningKey(type));
  const good = fc.constantFrom(
    ...['demo.dev.internal', 'DEMO.dev.internal', `${'a'.repeat(60)}.demo.dev.internal`, '*.demo.dev.internal'],
    ...['10.0.0.1', 'FD00:0::1', 'fd00::1', 'spiffe://dev/demo/A', 'Ops@DEV.internal'],
  );
  // Nearly all are good, so that a good part of the requests is not refused.
  const name = fc.oneof({ weight: 19, arbitrary: good }, { weight: 1, arbitrary: fc.constant('evil.test') });
  const commonNameOfCsr = fc.oneof(fc.constant(undefined), fc.constant('demo.dev.internal'), name);
  const attempt = fc.record({
    key: fc.constantFrom(...keys),
    cn: commonNameOfCsr.filter((text) => text === undefined || text.length <= 64),
    csrNames: fc.array(name, { minLength: 1, maxLength: 4 }),
    names: fc.option(fc.array(name, { minLength: 1, maxLength: 4 }), { nil: undefined }),
    subject: fc.record({ commonName: fc.constantFrom('none', 'firstName', 'requested') }),
    organization: fc.option(fc.constant('Example, Inc.'), { nil: undefined }),
    lifetimeSeconds: fc.constantFrom(undefined, 3599, 3600, 30 * day),
    left: fc.constantFrom(3600, 40 * day),
    now: fc.constantFrom(testNow, testNow - 400 * day, Date.UTC(2049, 11, 31, 23, 30) / 1000),
  });

  it('is refused with its reasons, or what is prepared passes the lint', () => {
    fc.assert(
      fc.property(attempt, ({ key, cn, csrNames, names, subject, organization, lifetimeSeconds, left, now }) => {
        const preparation: Preparation = {
          profile: { subject: { ...subject, organization } },
          issuer: { notAfter: now + left, notBefore: testNow - 365 * day },
          csr: { key, names: csrNames, subject: cn === undefined ? encodeName([]) : commonName(cn) },
          request: { now, ...(names && { names }), ...(lifetimeSeconds && { lifetimeSeconds }) },
        };
        try {
          expect(prepare(preparation).names).not.toEqual([]);
        } catch (error) {
          // A finding of the lint would be serverInternal, without reasons.
          expect(error).toBeInstanceOf(CaError);
          expect((error as CaError).reasons).not.toEqual([]);
        }
      }),
      { numRuns: tries(400) },
    );
  });
});

describe('a time', () => {
  it.each([
    ['2049', Date.UTC(2049, 11, 31, 23, 59, 59) / 1000],
    ['2050', Date.UTC(2050, 0) / 1000],
  ])('in %s ends a certificate as well as any other', (_, end) => {
    const profile = rawProfile({ lifetimeSeconds: { minimum: 60, default: 60, maximum: 3650 * day } });
    const request = { now: end - 3600, lifetimeSeconds: 3600 };
    expect(tbsOf({ profile, issuer: { notAfter: end + 1 }, request }).notAfter).toBe(end);
  });
});
