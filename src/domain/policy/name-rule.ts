/** Name rules: which names a product may hold. */
import type { Reason } from '../errors.ts';
import { refuseIfAny } from '../refusal.ts';
import { type GeneralName, parseGeneralName } from '../x509/general-name.ts';
import { parseIpAddress } from '../x509/ip-address.ts';
import { type CidrRange, contains, overlapsSpecialPurpose, parseCidr } from './cidr-range.ts';
import { printable } from './printable.ts';

/**
 * - `exact`: this DNS name only.
 * - `subdomain`: any DNS name below `value`, one or more labels, not `value` itself.
 * - `wildcard`: the certificate name `*.value`, a whole left-most label (RFC 6125 §6.4.3).
 * - `ip`: an address inside this CIDR range. `uri`: `value` itself or a path below it (SPIFFE style, matched on whole segments).
 * - `email`: this address, or any address at `@domain`.
 */
export interface NameRule {
  readonly kind: 'exact' | 'subdomain' | 'wildcard' | 'ip' | 'uri' | 'email';
  readonly value: string;
}

/** A rule in canonical form; throws CaError `policyRefused` unless `value` fits its kind. */
export function parseNameRule(raw: NameRule): NameRule {
  const value = canonicalValue[raw.kind]?.(raw.value);
  if (value !== undefined) return { kind: raw.kind, value };
  const reason: Reason = {
    code: 'invalidField',
    field: 'nameRules',
    message: `This is no value for a rule of kind ${printable(String(raw.kind))}.`,
    value: printable(raw.value),
  };
  return refuseIfAny([reason]) as never;
}

const dnsValue = (text: string): string | undefined => {
  const name = parseGeneralName(text);
  return name?.type === 'dns' && !name.value.startsWith('*.') ? name.value : undefined;
};

const canonicalValue: Readonly<Record<NameRule['kind'], (text: string) => string | undefined>> = {
  exact: dnsValue,
  subdomain: dnsValue,
  wildcard: dnsValue,
  ip: (text) => (parseCidr(text) ? text : undefined),
  uri: (text) => {
    const name = parseGeneralName(text.replace(/\/$/, ''));
    return name?.type === 'uri' ? name.value : undefined;
  },
  email: (text) => {
    const name = parseGeneralName(text.startsWith('@') ? `any${text}` : text);
    return name?.type === 'email' ? (text.startsWith('@') ? name.value.slice(3) : name.value) : undefined;
  },
};

/** True if any rule gives this canonical name to the product. */
export const isNameAllowed = (rules: readonly NameRule[], name: GeneralName): boolean =>
  rules.some((rule) => matches(rule, name));

function matches({ kind, value }: NameRule, name: GeneralName): boolean {
  switch (kind) {
    case 'exact':
      return name.type === 'dns' && name.value === value;
    case 'subdomain':
      return name.type === 'dns' && !name.value.startsWith('*.') && name.value.endsWith(`.${value}`);
    case 'wildcard':
      return name.type === 'dns' && name.value === `*.${value}`;
    case 'ip':
      return name.type === 'ip' && inRange(value, name.value);
    case 'uri':
      return name.type === 'uri' && (name.value === value || name.value.startsWith(`${value}/`));
    case 'email':
      return name.type === 'email' && (value.startsWith('@') ? name.value.endsWith(value) : name.value === value);
  }
}

/** A wide range never gives loopback, unspecified, link-local or multicast addresses: a rule must lie inside those. */
function inRange(cidr: string, address: string): boolean {
  const range: CidrRange | undefined = parseCidr(cidr);
  const octets = parseIpAddress(address);
  return (
    range !== undefined && octets !== undefined && contains(range, octets) && !overlapsSpecialPurpose(range, octets)
  );
}
