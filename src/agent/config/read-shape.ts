/** Reads a value of YAML by a schema: fills defaults in, and says everything that is wrong, each with its path. */

import { allowed } from '../../api/allowed.ts';
import { fits, type Rules as Shape } from '../../api/shape.ts';

/** As far as the agent's settings use them. */
interface Rules extends Shape {
  readonly anyOf?: readonly Rules[];
  readonly properties?: Readonly<Record<string, Rules>>;
  readonly items?: Rules;
  readonly default?: unknown;
}

/** Of a text whose setting has no bound of its own. */
const longestText = 4096;

export interface ReadShape {
  /** Only to be used when there are no complaints. */
  readonly value: unknown;
  readonly complaints: readonly string[];
}

export function readShape(schema: object, raw: unknown): ReadShape {
  const complaints: string[] = [];
  const value = read(schema as Rules, raw, { path: '', complaints });
  return { value, complaints };
}

interface Place {
  readonly path: string;
  readonly complaints: string[];
}

function read(rules: Rules, raw: unknown, place: Place): unknown {
  const value = raw === undefined ? structuredClone(rules.default) : raw;
  if (rules.anyOf) return readOption(rules.anyOf, value, place);
  if (rules.properties) return readObject(rules, value, place);
  if (rules.items) return readList(rules, value, place);
  if (!fits(rules.type === 'string' ? { maxLength: longestText, ...rules } : rules, value))
    complain(place, value, mustBe(rules));
  return value;
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
};

function complain({ path, complaints }: Place, value: unknown, wanted: string): void {
  const what = path === '' ? 'the file' : path;
  complaints.push(
    value === undefined
      ? `${what} is missing; it must be ${wanted}`
      : `${what} is ${shown(value)}, but must be ${wanted}`,
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const below = ({ path, complaints }: Place, key: string | number): Place => {
  const step = typeof key === 'number' ? `[${key}]` : path === '' ? key : `.${key}`;
  return { path: `${path}${step}`, complaints };
};

function readObject(rules: Rules, value: unknown, place: Place): unknown {
  const { properties = {}, required = [] } = rules;
  if (!isRecord(value)) {
    complain(place, value, `settings: ${Object.keys(properties).join(', ')}`);
    return value;
  }
  for (const key of Object.keys(value).filter((key) => !Object.hasOwn(properties, key))) {
    const known = Object.keys(properties).join(', ');
    place.complaints.push(`${below(place, key).path} is no setting; here are: ${known}`);
  }
  const entries = Object.entries(properties).flatMap(([key, property]): [string, unknown][] => {
    const isAbsent = value[key] === undefined && property.default === undefined && !required.includes(key);
    return isAbsent ? [] : [[key, read(property, value[key], below(place, key))]];
  });
  return Object.fromEntries(entries);
}

function readList(rules: Rules, value: unknown, place: Place): unknown {
  const { items = {}, minItems = 0, maxItems = 10_000 } = rules;
  if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) {
    complain(place, value, `a list${minItems > 0 ? ` of at least ${minItems}` : ''}, at most ${maxItems} long`);
    return value;
  }
  return value.map((item, index) => read(items, item, below(place, index)));
}

/** Of several objects the one whose constant (`action: exec`) is given: its complaints are the ones that help. */
function readOption(options: readonly Rules[], value: unknown, place: Place): unknown {
  const objects = options.filter(({ properties }) => properties);
  if (isRecord(value) && objects.length > 0) {
    const [key] = Object.entries(objects[0]!.properties!).find(([, rules]) => rules.const !== undefined) ?? [];
    const chosen =
      key === undefined ? objects[0] : objects.find((rules) => rules.properties![key]?.const === value[key]);
    if (chosen) return read(chosen, value, place);
    const kinds = objects.map((rules) => rules.properties![key!]?.const);
    complain(below(place, key!), value[key!], `one of ${kinds.join(', ')}`);
    return value;
  }
  if (!options.some((rules) => readsWell(rules, value))) complain(place, value, options.map(mustBe).join(', or '));
  return value;
}

function readsWell(rules: Rules, value: unknown): boolean {
  const place = { path: '', complaints: [] };
  read(rules, value, place);
  return place.complaints.length === 0;
}

/** In words: what a value must be. */
const mustBe = (rules: Rules): string => (rules.properties ? 'settings' : allowed(rules));
