/** Name rules: which names a product may hold. */
import { CaError, type Reason } from '../errors.ts';
import { type GeneralName, parseGeneralName } from '../x509/general-name.ts';
import { formatIpAddress, parseIpAddress } from '../x509/ip-address.ts';
import { type CidrRange, contains, overlapsSpecialPurpose, parseCidr } from './cidr-range.ts';
import { complainInto, objectOf, oneOf } from './raw-fields.ts';

/**
 * - `exact`: this DNS name only.
 * - `subdomain`: any DNS name below `value`, one or more labels, not `value` itself and no wildcard.
 * - `wildcard`: the certificate name `*.value`, a whole left-most label (RFC 9525 §6.3).
 * - `ip`: an address inside this CIDR range. `uri`: `value` itself or a path below it (SPIFFE style, matched on whole segments).
 * - `email`: this address, or any address at `@domain`.
 */
export interface NameRule {
  readonly kind: 'exact' | 'subdomain' | 'wildcard' | 'ip' | 'uri' | 'email';
  readonly value: string;
}

/** Of the names that a rule of each kind gives. */
export const nameTypeOf: Readonly<Record<NameRule['kind'], GeneralName['type']>> = {
  exact: 'dns',
  subdomain: 'dns',
  wildcard: 'dns',
  ip: 'ip',
  uri: 'uri',
  email: 'email',
};

/** A rule in canonical form; throws CaError `policyRefused` with what is wrong. `field` is where it stands. */
export function parseNameRule(raw: unknown, field = 'nameRule'): NameRule {
  const reasons: Reason[] = [];
  const complain = complainInto(reasons, field);
  const fields = objectOf(raw, { field, known: ['kind', 'value'] }, complain);
  const kind = oneOf(fields.kind, { field: `${field}.kind`, allowed: kinds }, complain);
  const { demand, read } = values[kind];
  const value = typeof fields.value === 'string' ? read(fields.value) : undefined;
  if (value === undefined) complain(`${field}.value`, `must be ${demand}`, fields.value ?? null);
  if (value !== undefined && reasons.length === 0) return { kind, value };
  throw new CaError('policyRefused', 'The name rule is not valid.', { reasons });
}

const kinds = ['exact', 'subdomain', 'wildcard', 'ip', 'uri', 'email'] as const;

interface RuleValue {
  readonly demand: string;
  /** Canonical, as names are; undefined if it is none. */
  readonly read: (text: string) => string | undefined;
}

const dnsValue: RuleValue = {
  demand:
    'a DNS name in ASCII: labels of letters, digits and hyphens, no wildcard, no dot at its end, no internationalized label (xn--)',
  read: (text) => (text.startsWith('*.') ? undefined : canonicalOf('dns', text)),
};

const values: Readonly<Record<NameRule['kind'], RuleValue>> = {
  exact: dnsValue,
  subdomain: dnsValue,
  wildcard: dnsValue,
  ip: { demand: 'a range in CIDR notation with no bits after the prefix, as 10.0.0.0/8 or fd00::/8', read: readCidr },
  uri: {
    demand: 'scheme://host and perhaps a path, as spiffe://dev/a',
    // A prefix is meant by whole segments, with or without the slash.
    read: (text) => canonicalOf('uri', text.replace(/(?<=[^/])\/$/, '')),
  },
  email: {
    demand: 'an address, or @domain for every address there',
    read: (text) =>
      text.startsWith('@') ? canonicalOf('email', `any${text}`)?.slice('any'.length) : canonicalOf('email', text),
  },
};

function canonicalOf(type: GeneralName['type'], text: string): string | undefined {
  const name = parseGeneralName(text);
  return name?.type === type ? name.value : undefined;
}

function readCidr(text: string): string | undefined {
  const range = parseCidr(text);
  return range && `${formatIpAddress(range.octets)}/${range.prefixLength}`;
}

/** A test for canonical names: whether any rule gives the name to the product. Made once for all names of a request. */
export function allowedBy(rules: readonly NameRule[]): (name: GeneralName) => boolean {
  let ranges: readonly CidrRange[] | undefined;
  return (name) => {
    if (name.type !== 'ip') return rules.some((rule) => matches(rule, name));
    ranges ??= rules.flatMap(({ kind, value }) => (kind === 'ip' ? (parseCidr(value) ?? []) : []));
    const octets = parseIpAddress(name.value);
    return octets !== undefined && ranges.some((range) => isGiven(range, octets));
  };
}

function matches({ kind, value }: NameRule, name: GeneralName): boolean {
  switch (kind) {
    case 'exact':
      return name.type === 'dns' && name.value === value;
    case 'subdomain':
      return name.type === 'dns' && !name.value.startsWith('*.') && name.value.endsWith(`.${value}`);
    case 'wildcard':
      return name.type === 'dns' && name.value === `*.${value}`;
    case 'ip':
      return false;
    case 'uri':
      return name.type === 'uri' && (name.value === value || name.value.startsWith(`${value}/`));
    case 'email':
      return name.type === 'email' && (value.startsWith('@') ? name.value.endsWith(value) : name.value === value);
  }
}

/** A wide range never gives loopback, unspecified, link-local or multicast addresses: a rule must lie inside those. */
const isGiven = (range: CidrRange, octets: Uint8Array): boolean =>
  contains(range, octets) && !overlapsSpecialPurpose(range, octets);
