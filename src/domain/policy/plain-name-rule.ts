/** Name rules as people write them: plain names and patterns, told apart by their form alone. */
import type { GeneralName } from '../x509/general-name.ts';
import { parseIpAddress } from '../x509/ip-address.ts';
import { type NameRule, nameTypeOf, parseNameRule } from './name-rule.ts';

/**
 * `a.dev` that name, `.a.dev` every name below it, `*.a.dev` every name below it and the wildcard itself, `10.0.0.0/8` or
 * one address, `spiffe://dev/a` with the paths below, `ops@a.dev` or `@a.dev`. Throws as `parseNameRule` does.
 */
export function readNameRules(text: string, field: string): readonly NameRule[] {
  if (!text.startsWith('*.')) return [parseNameRule(ruleOf(text), field)];
  // Who writes a pattern means what it matches, and its own text is a name, too.
  const below = parseNameRule({ kind: 'subdomain', value: text.slice(2) }, field);
  return [below, { kind: 'wildcard', value: below.value }];
}

function ruleOf(text: string): NameRule {
  if (text.includes('://')) return { kind: 'uri', value: text };
  if (text.includes('@')) return { kind: 'email', value: text };
  const octets = parseIpAddress(text);
  if (octets) return { kind: 'ip', value: `${text}/${octets.length * 8}` };
  if (text.includes('/')) return { kind: 'ip', value: text };
  return text.startsWith('.') ? { kind: 'subdomain', value: text.slice(1) } : { kind: 'exact', value: text };
}

const inWords: Readonly<Record<NameRule['kind'], (value: string) => string>> = {
  exact: (value) => value,
  subdomain: (value) => `every name below ${value}`,
  wildcard: (value) => `*.${value}`,
  ip: (value) => value,
  uri: (value) => value,
  email: (value) => value,
};

/** More would bury the sentence they stand in. */
const mostTold = 5;

/** The names of a type that the rules give, for a sentence; `undefined` if they give none. */
export function namesGiven(rules: readonly NameRule[], type: GeneralName['type']): string | undefined {
  // After `below`, what follows would be read as another domain.
  const rank = ({ kind }: NameRule): number => (kind === 'subdomain' ? 1 : 0);
  const given = rules
    .filter(({ kind }) => nameTypeOf[kind] === type)
    .toSorted((one, other) => rank(one) - rank(other))
    .map(({ kind, value }) => inWords[kind](value));
  if (given.length === 0) return undefined;
  const left = given.length - mostTold;
  return [...given.slice(0, mostTold), ...(left > 0 ? [`${left} more`] : [])].join(', ');
}
