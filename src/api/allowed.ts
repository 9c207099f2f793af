/** What a schema allows, in words for people. */
import type { Rules } from './shape.ts';

/** Continues `must be ...`: `a whole number from 1 to 1000`, `one of admin, operator, auditor`. */
export function allowed(rules: Rules): string {
  if (rules.enum) return `one of ${rules.enum.map(shown).join(', ')}`;
  if (rules.const !== undefined) return String(rules.const);
  if (rules.anyOf) return oneOfSeveral(rules.anyOf);
  return words[rules.type ?? 'string']!(rules);
}

const shown = (value: unknown): string => (value === '' ? 'nothing' : String(value));

const words: Readonly<Record<string, (rules: Rules) => string>> = {
  null: () => 'null',
  boolean: () => 'true or false',
  integer: ({ minimum, maximum }) => `a whole number${bounds(minimum, maximum)}`,
  number: ({ minimum, maximum }) => `a number${bounds(minimum, maximum)}`,
  string: text,
  array: list,
  object: ({ minProperties }) => `an object${minProperties === undefined ? '' : ` of ${size(minProperties)} fields`}`,
};

/** A list of the first option is that option, repeated: it needs no words of its own. */
function oneOfSeveral([first, ...others]: readonly Rules[]): string {
  const told = others.filter(({ type, items }) => type !== 'array' || JSON.stringify(items) !== JSON.stringify(first));
  const options = [first!, ...told];
  const constants = options.map((option) => option.const);
  return constants.includes(undefined) ? options.map(allowed).join(', or ') : `one of ${constants.join(', ')}`;
}

const bounds = (minimum?: number, maximum?: number): string => {
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`;
  return ` from ${minimum}${maximum === undefined ? '' : ` to ${maximum}`}`;
};

const size = (least?: number, most?: number): string => {
  if (most === undefined) return `${least} or more`;
  if (least === undefined || least === 0) return `at most ${most}`;
  return least === most ? String(least) : `${least} to ${most}`;
};

const formatWords: Readonly<Record<string, string>> = {
  'date-time': 'a time like 2026-11-21T07:00:00Z',
  date: 'a date like 2026-11-21',
};

function text({ pattern, format, minLength, maxLength, examples: [example] = [] }: Rules): string {
  if (format !== undefined && formatWords[format]) return formatWords[format];
  if (pattern !== undefined) {
    const like = example === undefined ? `a text like ${pattern}` : `a text like ${example} (${pattern})`;
    // A pattern tells the most there may be itself, where people could come near it.
    return minLength === undefined ? like : `${like}, of ${size(minLength, maxLength)} characters`;
  }
  if (minLength === undefined && maxLength === undefined) return 'a text';
  return `a text of ${size(minLength, maxLength)} characters`;
}

function list({ items = {}, minItems, maxItems }: Rules): string {
  const isPlainText = items.type === 'string' && items.pattern === undefined;
  const what = isPlainText ? 'a list of texts' : `a list, each ${allowed(items)}`;
  return minItems === undefined && maxItems === undefined ? what : `${what}, ${size(minItems, maxItems)}`;
}
