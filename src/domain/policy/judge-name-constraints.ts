/** Whether what products may name lies inside the name constraints of an authority (RFC 5280 §4.2.1.10). */
import type { Reason } from '../errors.ts';
import type { GeneralName } from '../x509/general-name.ts';
import { parseIpAddress } from '../x509/ip-address.ts';
import type { NameConstraints, Subtree } from '../x509/name-constraints.ts';
import { parseCidr } from './cidr-range.ts';
import { type NameRule, nameTypeOf } from './name-rule.ts';

export interface NamingProduct {
  readonly id: string;
  readonly nameRules: readonly NameRule[];
}

/** A reason for each rule that gives a name no certificate below the authority could hold. `field` is where the authority stands. */
export function judgeNameConstraints(
  constraints: NameConstraints,
  products: readonly NamingProduct[],
  field: string,
): readonly Reason[] {
  const subtrees = [...constraints.permitted, ...constraints.excluded];
  const unsupported: readonly Reason[] = subtrees.some(({ kind }) => kind === 'other')
    ? [
        {
          code: 'unsupportedNameConstraint',
          message: 'It constrains names of a kind that is not checked here: only DNS, IP, e-mail and URI are.',
          field,
        },
      ]
    : [];
  const violated = products.flatMap(({ id, nameRules }) =>
    nameRules
      .filter((rule) => !isInside(constraints, rule))
      .map(
        ({ kind, value }): Reason => ({
          code: 'nameConstraintViolated',
          message: `Its name constraints do not admit what ${id} may name.`,
          field,
          value: `${kind} ${value}`,
        }),
      ),
  );
  return [...unsupported, ...violated];
}

/** A reason for each name that no certificate below the authority may hold. */
export const judgeConstrainedNames = (
  constraints: readonly NameConstraints[],
  names: readonly GeneralName[],
): readonly Reason[] =>
  names
    .filter((name) => !constraints.every((each) => isInside(each, ruleOf(name))))
    .map(({ value }): Reason => {
      const message = 'The name constraints of the authority do not admit this name.';
      return { code: 'nameConstraintViolated', message, field: 'csr.subjectAltName', value };
    });

/** The rule that gives just this name. */
function ruleOf({ type, value }: GeneralName): NameRule {
  if (type === 'ip') return { kind: 'ip', value: `${value}/${value.includes(':') ? 128 : 32}` };
  if (type !== 'dns') return { kind: type, value };
  return value.startsWith('*.') ? { kind: 'wildcard', value: value.slice(2) } : { kind: 'exact', value };
}

/** All names of the rule are in a permitted subtree of their kind, if there is any, and none is in an excluded one. */
function isInside({ permitted, excluded }: NameConstraints, rule: NameRule): boolean {
  const kind = nameTypeOf[rule.kind];
  const admitting = permitted.filter((subtree) => subtree.kind === kind);
  const refusing = excluded.filter((subtree) => subtree.kind === kind);
  // RFC 5280 §4.2.1.10: a URI whose host is an address fits no constraint on URIs, neither of what is in nor of what is out.
  if (kind === 'uri' && admitting.length + refusing.length > 0 && parseIpAddress(hostOf(rule.value))) return false;
  if (admitting.length > 0 && !admitting.some((subtree) => holds(subtree, rule))) return false;
  return !refusing.some((subtree) => touches(subtree, rule));
}

/** Whether every name of the rule is in the subtree. */
function holds(subtree: Subtree, { kind, value }: NameRule): boolean {
  switch (subtree.kind) {
    case 'other':
      return false;
    case 'ip':
      return rangeRelation(subtree, value) === 'inside';
    case 'dns':
      return isWithin(value, subtree.value, kind !== 'exact');
    case 'uri':
      return hostMatches(hostOf(value), subtree.value);
    case 'email':
      return mailMatches(value, subtree.value);
  }
}

/** Whether any name of the rule is in the subtree. */
function touches(subtree: Subtree, rule: NameRule): boolean {
  if (holds(subtree, rule)) return true;
  const { kind, value } = rule;
  switch (subtree.kind) {
    case 'other':
      return false;
    // Of these kinds, the RFC does not say what an empty subtree means: Go takes it for all names, OpenSSL for none.
    case 'uri':
      return subtree.value === '';
    case 'ip':
      return rangeRelation(subtree, value) !== 'apart';
    // The rule is the wider of the two: some of its names are in the subtree.
    case 'dns':
      return kind !== 'exact' && isWithin(subtree.value.replace(/^\./, ''), value, false);
    case 'email':
      return subtree.value === '' || (value.startsWith('@') && subtree.value.endsWith(value));
  }
}

/** `.a.b` admits only what is below `a.b`; `a.b` admits itself, too; the empty subtree admits all. */
function isWithin(name: string, subtree: string, meansBelow: boolean): boolean {
  const suffix = subtree.replace(/^\./, '');
  if (suffix === '' || name.endsWith(`.${suffix}`)) return true;
  return name === suffix && (meansBelow || !subtree.startsWith('.'));
}

const hostOf = (uri: string): string => /^[^:]+:\/\/(?:[^/@]*@)?([^/:]+)/.exec(uri)?.[1]?.toLowerCase() ?? '';

/** RFC 5280 §4.2.1.10: a URI's or a mail's host is meant exactly, unless the subtree begins with a dot. */
const hostMatches = (host: string, subtree: string): boolean =>
  subtree.startsWith('.') ? host.endsWith(subtree) : host === subtree;

function mailMatches(rule: string, subtree: string): boolean {
  const host = rule.slice(rule.indexOf('@') + 1);
  return subtree.includes('@') ? rule === subtree : hostMatches(host, subtree);
}

function rangeRelation(
  { address, mask }: { readonly address: Uint8Array; readonly mask: Uint8Array },
  cidr: string,
): 'inside' | 'around' | 'apart' {
  const range = parseCidr(cidr);
  if (!range || range.octets.length !== address.length) return 'apart';
  const bitsOf = (octet: number): number => Math.min(8, Math.max(0, range.prefixLength - octet * 8));
  const own = address.map((_, index) => (0xff << (8 - bitsOf(index))) & 0xff);
  const agree = (by: (index: number) => number): boolean =>
    address.every((octet, index) => (octet & by(index)) === (range.octets[index]! & by(index)));
  if (!agree((index) => mask[index]! & own[index]!)) return 'apart';
  return mask.every((octet, index) => (octet & own[index]!) === octet) ? 'inside' : 'around';
}
