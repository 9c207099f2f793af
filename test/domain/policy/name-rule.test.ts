import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedBy, type NameRule, parseNameRule } from '../../../src/domain/policy/name-rule.ts';
import { type GeneralName, parseGeneralName } from '../../../src/domain/x509/general-name.ts';
import { formatIpAddress } from '../../../src/domain/x509/ip-address.ts';
import { refusalOf } from '../../support/refusal.ts';
import { tries } from '../../support/tries.ts';

/** Whether one rule, written as `kind value`, gives a name in plain text. */
function gives(rule: string, name: string): boolean {
  const [kind, value] = rule.split(' ');
  return allowedBy([parseNameRule({ kind, value })])(parseGeneralName(name)!);
}

describe('parseNameRule', () => {
  it.each([
    ['exact', 'Demo.DEV.internal', 'demo.dev.internal'],
    ['subdomain', 'dev.internal', 'dev.internal'],
    ['wildcard', 'dev.internal', 'dev.internal'],
    ['ip', '10.0.0.0/8', '10.0.0.0/8'],
    ['ip', 'FD00:0:0::/8', 'fd00::/8'],
    ['ip', '192.0.2.1/32', '192.0.2.1/32'],
    ['ip', '::/0', '::/0'],
    ['uri', 'spiffe://dev/a', 'spiffe://dev/a'],
    ['uri', 'spiffe://dev/a/', 'spiffe://dev/a'],
    ['uri', 'https://dev.internal/', 'https://dev.internal'],
    ['email', 'Ops@DEV.internal', 'Ops@dev.internal'],
    ['email', '@DEV.internal', '@dev.internal'],
  ])('reads %s %s in canonical form', (kind, value, canonical) => {
    expect(parseNameRule({ kind, value })).toEqual({ kind, value: canonical });
  });

  it.each([
    ['exact', '*.dev.internal'],
    ['exact', '10.0.0.1'],
    ['exact', ''],
    ['subdomain', '.dev.internal'],
    ['subdomain', '*'],
    ['wildcard', '*.dev.internal'],
    ['wildcard', 'dev_1.internal'],
    ['ip', '10.0.0.1'],
    ['ip', '10.0.0.1/8'],
    ['ip', '10.0.0.0/33'],
    ['ip', '10.0.0.0/8/8'],
    ['ip', '10.0.0.0/08'],
    ['ip', 'fd00::/129'],
    ['ip', 'dev.internal/8'],
    ['uri', 'dev.internal/a'],
    ['uri', 'https://a//'],
    ['uri', 'spiffe://dev/a/../b'],
    ['uri', 'https://dev.internal/?a=b'],
    ['email', 'Ops <ops@dev.internal>'],
    ['email', '@'],
    ['email', '@@dev.internal'],
    ['email', 'dev.internal'],
  ])('refuses %s %s', (kind, value) => {
    const { code, reasons } = refusalOf(() => parseNameRule({ kind, value }, 'nameRules[4]'));
    expect(code).toBe('policyRefused');
    expect(reasons.map(({ field }) => field)).toEqual(['nameRules[4].value']);
  });

  it.each([
    ['an internationalized name', 'пример.dev', 'internationalized label (xn--)'],
    ['one in its ASCII form', 'xn--e1afmkfd.dev', 'internationalized label (xn--)'],
    ['a dot at the end', 'a.dev.', 'no dot at its end'],
    ['an underscore', 'dev_1.internal', 'letters, digits and hyphens'],
  ])('says what is allowed to who brings %s', (_what, value, says) => {
    const { reasons } = refusalOf(() => parseNameRule({ kind: 'exact', value }));
    expect(reasons[0]?.message).toContain(says);
  });

  it.each([
    ['a kind that is none', { kind: 'regex', value: '.*' }, 'nameRule.kind'],
    ['a kind that every object has', { kind: 'constructor', value: 'a' }, 'nameRule.kind'],
    ['a value that is no text', { kind: 'exact', value: 7 }, 'nameRule.value'],
    ['a field that is none', { kind: 'exact', value: 'a.b', negate: true }, 'nameRule.negate'],
    ['no object', 'exact a.b', 'nameRule'],
  ])('refuses %s', (_, raw, field) => {
    expect(refusalOf(() => parseNameRule(raw)).reasons.map((reason) => reason.field)).toContain(field);
  });
});

describe('a name rule', () => {
  it.each([
    ['exact demo.dev', 'demo.dev'],
    ['subdomain demo.dev', 'a.demo.dev'],
    ['subdomain demo.dev', 'b.a.demo.dev'],
    ['wildcard demo.dev', '*.demo.dev'],
    ['ip 10.0.0.0/8', '10.255.0.1'],
    ['ip 192.0.2.1/32', '192.0.2.1'],
    ['ip fd00::/8', 'fd12::1'],
    ['ip 127.0.0.0/8', '127.0.0.1'],
    ['ip 127.0.0.1/32', '127.0.0.1'],
    ['ip ::1/128', '::1'],
    ['ip fe80::/10', 'fe80::1'],
    ['uri spiffe://dev/a', 'spiffe://dev/a'],
    ['uri spiffe://dev/a', 'spiffe://dev/a/b/c'],
    ['uri spiffe://dev', 'spiffe://dev/a'],
    ['email ops@dev.internal', 'ops@dev.internal'],
    ['email @dev.internal', 'any.one@dev.internal'],
  ])('%s gives %s', (rule, name) => {
    expect(gives(rule, name)).toBe(true);
  });

  it.each([
    ['exact demo.dev', 'a.demo.dev'],
    ['exact demo.dev', '*.demo.dev'],
    ['subdomain demo.dev', 'demo.dev'],
    ['subdomain demo.dev', 'evildemo.dev'],
    ['subdomain demo.dev', '*.demo.dev'],
    ['subdomain demo.dev', '*.a.demo.dev'],
    ['wildcard demo.dev', 'demo.dev'],
    ['wildcard demo.dev', 'a.demo.dev'],
    ['wildcard demo.dev', '*.a.demo.dev'],
    ['ip 10.0.0.0/8', '11.0.0.0'],
    ['ip 10.0.0.0/9', '10.128.0.0'],
    ['ip 10.0.0.0/8', '::ffff:10.0.0.1'],
    ['ip ::/0', '10.0.0.1'],
    ['uri spiffe://dev/a', 'spiffe://dev/ab'],
    ['uri spiffe://dev/a', 'spiffe://dev/A'],
    ['uri spiffe://dev', 'spiffe://dev.evil/a'],
    ['uri spiffe://dev/a', 'https://dev/a'],
    ['email ops@dev.internal', 'Ops@dev.internal'],
    ['email ops@dev.internal', 'devops@dev.internal'],
    ['email @dev.internal', 'ops@a.dev.internal'],
    ['email @dev.internal', 'ops@evildev.internal'],
    ['exact dev.internal', 'ops@dev.internal'],
    ['email @dev.internal', 'dev.internal'],
  ])('%s does not give %s', (rule, name) => {
    expect(gives(rule, name)).toBe(false);
  });

  // Bad input 18.
  it.each([
    ['0.0.0.0/0', '127.0.0.1'],
    ['0.0.0.0/0', '0.0.0.0'],
    ['0.0.0.0/0', '169.254.169.254'],
    ['0.0.0.0/0', '224.0.0.1'],
    ['0.0.0.0/0', '255.255.255.255'],
    ['126.0.0.0/7', '127.0.0.1'],
    ['::/0', '::1'],
    ['::/0', '::'],
    ['::/0', 'fe80::1'],
    ['::/0', 'ff02::1'],
    ['::/0', '::ffff:127.0.0.1'],
    ['fe00::/9', 'fe80::1'],
  ])('ip %s is wider than the special purpose of %s and does not give it', (range, address) => {
    expect(gives(`ip ${range}`, address)).toBe(false);
  });
});

describe('no name is given', () => {
  it('by no rules', () => {
    expect(allowedBy([])({ type: 'dns', value: 'demo.dev' })).toBe(false);
  });

  const label = fc.constantFrom('a', 'b', 'dev', 'devb', 'xa');
  const host = fc.array(label, { minLength: 1, maxLength: 4 });

  it('outside the DNS rules, by an oracle that compares labels', () => {
    const rule = fc.tuple(fc.constantFrom('exact', 'subdomain', 'wildcard'), host);
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), fc.boolean(), host, (rules, isWildcard, labels) => {
        const parsed = rules.map(([kind, of]) => parseNameRule({ kind, value: of.join('.') }));
        const expected = rules.some(([kind, of]) => {
          const below = labels.length - of.length;
          const isWithin = below >= 0 && labels.slice(below).join() === of.join();
          if (kind === 'wildcard') return isWildcard && isWithin && below === 0;
          return !isWildcard && isWithin && (kind === 'exact' ? below === 0 : below > 0);
        });
        const name = { type: 'dns', value: `${isWildcard ? '*.' : ''}${labels.join('.')}` } as const;
        expect(allowedBy(parsed)(name)).toBe(expected);
      }),
    );
  });

  it('outside the ranges, by an oracle that counts', () => {
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    // Half of the addresses share the first bits of the range, or nearly no pair would ever meet.
    const pair = fc.constantFrom(4, 16).chain((length) =>
      fc
        .tuple(octets(length), octets(length), fc.nat(length * 8), fc.nat(length))
        .map(([base, other, prefix, shared]) => ({
          base: BigInt(`0x${Buffer.from(base).toString('hex')}`),
          address: Uint8Array.from(other, (octet, index) => (index < shared ? base[index]! : octet)),
          ...{ prefix, bits: BigInt(length * 8) },
        })),
    );
    fc.assert(
      fc.property(pair, ({ base, address, prefix, bits }) => {
        const hostBits = bits - BigInt(prefix);
        const first = (base >> hostBits) << hostBits;
        const firstHex = first.toString(16).padStart(Number(bits) / 4, '0');
        const range = `${formatIpAddress(Buffer.from(firstHex, 'hex'))}/${prefix}`;
        const number = BigInt(`0x${Buffer.from(address).toString('hex')}`);
        const isInside = number >> hostBits === first >> hostBits;
        const isGiven = gives(`ip ${range}`, formatIpAddress(address));
        if (!isInside) expect(isGiven).toBe(false);
        else if (!isSpecial(address)) expect(isGiven).toBe(true);
      }),
      { numRuns: tries(500) },
    );
  });

  it('outside the URI and e-mail rules, by an oracle that compares segments', () => {
    const segments = fc.array(fc.constantFrom('a', 'ab', 'b'), { maxLength: 3 });
    fc.assert(
      fc.property(segments, segments, fc.constantFrom('dev', 'devb'), (of, asked, trust) => {
        const rule = ['spiffe:/', 'dev', ...of].join('/');
        const isWithin = trust === 'dev' && asked.slice(0, of.length).join('/') === of.join('/');
        expect(gives(`uri ${rule}`, ['spiffe:/', trust, ...asked].join('/'))).toBe(isWithin);
        expect(gives('email @dev', `${asked.join('') || 'a'}@${trust}`)).toBe(trust === 'dev');
      }),
    );
  });

  it('by a rule of another type', () => {
    const examples: Readonly<Record<GeneralName['type'], string>> = {
      dns: 'demo.dev',
      ip: '10.0.0.1',
      uri: 'spiffe://demo.dev/a',
      email: 'ops@demo.dev',
    };
    const rules: Readonly<Record<GeneralName['type'], readonly NameRule[]>> = {
      dns: [parseNameRule({ kind: 'exact', value: 'demo.dev' }), parseNameRule({ kind: 'subdomain', value: 'dev' })],
      ip: [parseNameRule({ kind: 'ip', value: '10.0.0.0/8' })],
      uri: [parseNameRule({ kind: 'uri', value: 'spiffe://demo.dev' })],
      email: [parseNameRule({ kind: 'email', value: '@demo.dev' })],
    };
    const types = Object.keys(examples) as GeneralName['type'][];
    for (const asked of types) {
      for (const ruled of types) {
        expect(allowedBy(rules[ruled])(parseGeneralName(examples[asked])!), `${ruled} for ${asked}`).toBe(
          asked === ruled,
        );
      }
    }
  });
});

/** Loopback, unspecified, link-local, multicast, reserved, IPv4-mapped. */
function isSpecial(octets: Uint8Array): boolean {
  const [first = 0, second = 0] = octets;
  if (octets.length === 4) return first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254);
  const zeros = octets.findIndex((octet) => octet !== 0);
  return first === 0xff || (first === 0xfe && second >> 6 === 2) || zeros === -1 || zeros >= 10;
}
