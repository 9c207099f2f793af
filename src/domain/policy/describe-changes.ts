/** In which fields two versions differ, as small printable facts for the audit log. Empty when they say the same. */
import type { Product } from '../records/environment.ts';
import type { NameRule } from './name-rule.ts';
import { printable } from './printable.ts';
import type { Profile } from './profile.ts';

type Changes = Readonly<Record<string, string>>;

const longestChange = 300;

/** What came with `+`, what went with `-`. */
export const productChanges = (before: Product, after: Product): Changes => ({
  ...listChange('nameRules', before.nameRules.map(ruleText), after.nameRules.map(ruleText)),
  ...listChange('profiles', before.profiles, after.profiles),
  ...listChange('contacts', before.contacts, after.contacts),
  ...(before.alerts === after.alerts ? {} : { alerts: after.alerts }),
});

const ruleText = ({ kind, value }: NameRule): string => `${kind}:${value}`;

function listChange(field: string, before: readonly string[], after: readonly string[]): Changes {
  if (JSON.stringify(before) === JSON.stringify(after)) return {};
  const came = after.filter((item) => !before.includes(item)).map((item) => `+${item}`);
  const went = before.filter((item) => !after.includes(item)).map((item) => `-${item}`);
  const words = came.length + went.length > 0 ? [...came, ...went] : ['in the order', ...after];
  return { [field]: printable(words.join(' '), longestChange) };
}

/** Each field's new value. */
export function profileChanges(before: Profile, after: Profile): Changes {
  const { version: _version, ...fields } = after;
  const changed = Object.entries(fields).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field as keyof Profile]),
  );
  const gone = Object.keys(before).filter((field) => !(field in after));
  return Object.fromEntries([
    ...changed.map(([field, value]) => [field, printable(JSON.stringify(value), longestChange)]),
    ...gone.map((field) => [field, 'removed']),
  ]);
}
