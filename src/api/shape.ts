/** Whether a value from outside has the shape that a schema of this contract describes. */
import { Ajv, type ValidateFunction } from 'ajv';
import type { Static, TSchema } from 'typebox';

export type Shape = TSchema;
export type Shaped<Schema extends Shape> = Static<Schema>;

/** `value` without the fields that the contract does not know, as a newer service may send; undefined if it is not of this shape. */
export function shaped<Schema extends Shape>(schema: Schema, value: unknown): Shaped<Schema> | undefined {
  const known = knownOf(schema, value);
  return checkOf(schema)(known) ? (known as Shaped<Schema>) : undefined;
}

/** The contract's schemas are checked by tests, and describe more than there is to check. */
const ajv = new Ajv({
  strict: false,
  validateSchema: false,
  formats: { date: isDate, 'date-time': isDateTime },
  logger: false,
});
const checks = new WeakMap<Shape, ValidateFunction>();

function checkOf(schema: Shape): ValidateFunction {
  let check = checks.get(schema);
  if (!check) {
    check = ajv.compile(schema);
    checks.set(schema, check);
  }
  return check;
}

/** RFC 3339 §5.6, as are dates with a time. */
function isDate(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));
}

function isDateTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text) && !Number.isNaN(Date.parse(text));
}

/** The parts of a schema that say where unknown fields may hide. */
interface Nesting {
  readonly properties?: Readonly<Record<string, Nesting>>;
  readonly items?: Nesting;
  readonly anyOf?: readonly Nesting[];
  readonly additionalProperties?: boolean;
}

function knownOf(schema: Nesting, value: unknown): unknown {
  const { properties, items, anyOf, additionalProperties } = schema;
  if (items && Array.isArray(value)) return value.map((item) => knownOf(items, item));
  if (anyOf && typeof value === 'object' && value !== null) {
    const objects = anyOf.filter((option) => option.properties !== undefined);
    // The contract's unions hold one object at most: an object or null.
    return objects.length === 1 ? knownOf(objects[0]!, value) : value;
  }
  if (!properties || additionalProperties || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  const known = Object.entries(value).filter(([key]) => Object.hasOwn(properties, key));
  return Object.fromEntries(known.map(([key, field]) => [key, knownOf(properties[key]!, field)]));
}
