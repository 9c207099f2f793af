/** Whether a value from outside has the shape that a schema of this contract describes. A library for all of JSON Schema takes 60 modules of each start. */
import type { Static, TSchema } from 'typebox';

export type Shape = TSchema;
export type Shaped<Schema extends Shape> = Static<Schema>;

/** `value` without the fields that the contract does not know, as a newer service may send; undefined if it is not of this shape. */
export function shaped<Schema extends Shape>(schema: Schema, value: unknown): Shaped<Schema> | undefined {
  const known = knownOf(schema, value);
  return fits(schema, known) ? (known as Shaped<Schema>) : undefined;
}

/** The keywords of JSON Schema 2020-12 that this contract uses; a test holds them to be all. */
export interface Rules {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Rules[];
  readonly properties?: Readonly<Record<string, Rules>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly minProperties?: number;
  readonly items?: Rules;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly examples?: readonly unknown[];
}

/** To the letter, unknown fields included. */
export function fits(rules: Rules, value: unknown): boolean {
  if (rules.anyOf && !rules.anyOf.some((option) => fits(option, value))) return false;
  if (rules.enum && !rules.enum.includes(value)) return false;
  if (rules.const !== undefined && rules.const !== value) return false;
  return rules.type === undefined || fitters[rules.type]!(rules, value);
}

const fitters: Readonly<Record<string, (rules: Rules, value: unknown) => boolean>> = {
  null: (_rules, value) => value === null,
  boolean: (_rules, value) => typeof value === 'boolean',
  integer: (rules, value) => Number.isInteger(value) && inRange(value as number, rules.minimum, rules.maximum),
  number: (rules, value) => Number.isFinite(value) && inRange(value as number, rules.minimum, rules.maximum),
  string: fitsText,
  array: fitsList,
  object: fitsRecord,
};

const inRange = (value: number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): boolean =>
  value >= least && value <= most;

function fitsText({ minLength, maxLength, pattern, format }: Rules, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  // Of characters, not of units of UTF-16.
  const isMeasured = minLength !== undefined || maxLength !== undefined;
  if (isMeasured && !inRange([...value].length, minLength, maxLength)) return false;
  if (pattern !== undefined && !regularExpression(pattern).test(value)) return false;
  return format === undefined || formats[format]!(value);
}

const regularExpressions = new Map<string, RegExp>();

function regularExpression(pattern: string): RegExp {
  const known = regularExpressions.get(pattern) ?? new RegExp(pattern, 'u');
  regularExpressions.set(pattern, known);
  return known;
}

function fitsList({ items, minItems, maxItems, uniqueItems }: Rules, value: unknown): boolean {
  if (!Array.isArray(value) || !inRange(value.length, minItems, maxItems)) return false;
  // Lists of different items are of texts here.
  if (uniqueItems && new Set(value).size < value.length) return false;
  return items === undefined || value.every((item) => fits(items, item));
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fitsRecord({ properties = {}, required = [], ...rules }: Rules, value: unknown): boolean {
  if (!isRecord(value)) return false;
  const keys = Object.keys(value);
  if (keys.length < (rules.minProperties ?? 0)) return false;
  if (!required.every((key) => Object.hasOwn(value, key))) return false;
  return keys.every((key) =>
    Object.hasOwn(properties, key) ? fits(properties[key]!, value[key]) : rules.additionalProperties !== false,
  );
}

const formats: Readonly<Record<string, (text: string) => boolean>> = { date: isDate, 'date-time': isDateTime };

/** RFC 3339 §5.6, as are dates with a time. */
function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text));
}

function knownOf(schema: Rules, value: unknown): unknown {
  const { properties, items, anyOf, additionalProperties } = schema;
  if (items && Array.isArray(value)) return value.map((item) => knownOf(items, item));
  if (anyOf && typeof value === 'object' && value !== null) {
    const objects = anyOf.filter((option) => option.properties !== undefined);
    // The contract's unions hold one object at most: an object or null.
    return objects.length === 1 ? knownOf(objects[0]!, value) : value;
  }
  if (!properties || additionalProperties || !isRecord(value)) return value;
  const known = Object.entries(value).filter(([key]) => Object.hasOwn(properties, key));
  return Object.fromEntries(known.map(([key, field]) => [key, knownOf(properties[key]!, field)]));
}
