/** What an operator says of a product becomes a checked product, or every reason why not. */
import { CaError, type Reason } from '../errors.ts';
import { type Product, type ProductAlerts, productAlerts } from '../records/environment.ts';
import { collectReasons } from '../refusal.ts';
import { parseGeneralName } from '../x509/general-name.ts';
import { type NameRule, parseNameRule } from './name-rule.ts';
import { readNameRules } from './plain-name-rule.ts';
import { printable } from './printable.ts';
import type { Profile } from './profile.ts';
import { type Complain, complainInto, objectOf } from './raw-fields.ts';

export interface ProductContext {
  readonly environment: string;
  /** Given where the name is settled: then it is no field of what is read. */
  readonly name?: string;
  readonly version: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Those of the environment; undefined where it is not known, so that nothing can be said about them. */
  readonly profiles: readonly Pick<Profile, 'name'>[] | undefined;
}

/** A label, so that an id holds one slash, no dots, and no letter that looks like another. */
const namePattern = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const limits = { nameRules: 100, profiles: 32, contacts: 20 } as const;

const known = ['nameRules', 'profiles', 'contacts', 'alerts'];

/** Throws CaError `policyRefused` with a reason for each thing that is wrong. Without `profiles` it may use all of them. */
export function parseProduct(raw: unknown, context: ProductContext): Product {
  const reasons: Reason[] = [];
  const complain = complainInto(reasons, 'product');
  const { environment, version, createdAt } = context;
  const fields = objectOf(raw, { field: '', known: context.name === undefined ? ['name', ...known] : known }, complain);
  const product: Product = {
    id: `${environment}/${context.name ?? nameOf(fields.name, complain)}`,
    environment,
    version,
    nameRules: nameRulesOf(fields.nameRules, reasons, complain),
    profiles: profilesOf(fields.profiles, context, reasons, complain),
    contacts: contactsOf(fields.contacts === undefined ? [] : fields.contacts, complain),
    alerts: alertsOf(fields.alerts, complain),
    createdAt,
  };
  if (reasons.length === 0) return product;
  throw new CaError('policyRefused', 'The product is not valid.', { reasons });
}

function nameOf(value: unknown, complain: Complain): string {
  if (typeof value === 'string' && namePattern.test(value)) return value;
  const demand = 'must be lower-case letters, digits and hyphens, beginning with a letter, at most 63';
  complain('name', demand, value ?? null);
  return '';
}

function nameRulesOf(value: unknown, reasons: Reason[], complain: Complain): readonly NameRule[] {
  const rules = itemsOf(value, { field: 'nameRules', minimum: 1, maximum: limits.nameRules }, complain).flatMap(
    (item, index) => collectReasons(reasons, () => ruleOf(item, `nameRules[${index}]`)) ?? [],
  );
  return [...new Map(rules.map((rule) => [`${rule.kind} ${rule.value}`, rule])).values()];
}

const ruleOf = (item: unknown, field: string): readonly NameRule[] =>
  typeof item === 'string' ? readNameRules(item, field) : [parseNameRule(item, field)];

function profilesOf(
  value: unknown,
  { environment, profiles }: ProductContext,
  reasons: Reason[],
  complain: Complain,
): readonly string[] {
  const all = profiles?.map(({ name }) => name);
  if (value === undefined) return usualOrder(all ?? []);
  const wanted = itemsOf(value, { field: 'profiles', minimum: 1, maximum: limits.profiles }, complain);
  if (new Set(wanted).size !== wanted.length) complain('profiles', 'must not repeat a profile', value);
  return wanted.flatMap((name, index) => {
    if (typeof name === 'string' && (all?.includes(name) ?? true)) return [name];
    const message = `${environment} has no such profile. It has: ${(all ?? []).join(', ')}.`;
    const shown = printable(typeof name === 'string' ? name : typeof name);
    reasons.push({ code: 'unknownProfile', field: `profiles[${index}]`, message, value: shown });
    return [];
  });
}

/** The first one is used when a request names none: a peer's certificate can both serve and rotate itself. */
const usualOrder = (names: readonly string[]): readonly string[] => [
  ...names.filter((name) => name === 'peer'),
  ...names.filter((name) => name !== 'peer'),
];

function alertsOf(value: unknown, complain: Complain): ProductAlerts {
  const found = productAlerts.find((one) => one === (value ?? 'all'));
  if (found === undefined || value === null) complain('alerts', `must be one of ${productAlerts.join(', ')}`, value);
  return found ?? 'all';
}

function contactsOf(value: unknown, complain: Complain): readonly string[] {
  const items = itemsOf(value, { field: 'contacts', minimum: 0, maximum: limits.contacts }, complain);
  const contacts = items.flatMap((item, index) => {
    const contact = typeof item === 'string' ? contactOf(item) : undefined;
    if (contact === undefined) complain(`contacts[${index}]`, 'must be an e-mail address or an https:// address', item);
    return contact ?? [];
  });
  return [...new Set(contacts)];
}

function contactOf(text: string): string | undefined {
  const name = parseGeneralName(text);
  return name?.type === 'email' || (name?.type === 'uri' && name.value.startsWith('https://')) ? name.value : undefined;
}

interface ListShape {
  readonly field: string;
  readonly minimum: number;
  readonly maximum: number;
}

function itemsOf(value: unknown, { field, minimum, maximum }: ListShape, complain: Complain): readonly unknown[] {
  if (Array.isArray(value) && value.length >= minimum && value.length <= maximum) return value;
  complain(field, `must be a list of ${minimum} to ${maximum}`, Array.isArray(value) ? value.length : (value ?? null));
  return [];
}
