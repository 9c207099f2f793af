/**
 * Builders of JSON Schemas (2020-12) under TypeBox's names and types. The library itself is 370 modules, 170 ms and 20 MB of
 * every start, for a dozen functions that return plain objects: here they are, typed by the library and held to it by a test.
 */
import type { Type as TypeBox } from 'typebox';

export type { Static } from 'typebox';

type Builders = Pick<
  typeof TypeBox,
  'Array' | 'Boolean' | 'Enum' | 'Integer' | 'Literal' | 'Null' | 'Number' | 'Object' | 'Optional' | 'String' | 'Union'
>;

/** Which schemas are optional properties: a mark beside the schema, so that the schema itself stays plain. */
const optionals = new WeakSet<object>();

const builders = {
  Array: (items: object, options?: object) => ({ type: 'array', items, ...options }),
  Boolean: (options?: object) => ({ type: 'boolean', ...options }),
  Enum: (values: readonly string[], options?: object) => ({ enum: values, ...options }),
  Integer: (options?: object) => ({ type: 'integer', ...options }),
  Literal: (value: string | number | boolean) => ({ type: typeof value, const: value }),
  Null: () => ({ type: 'null' }),
  Number: (options?: object) => ({ type: 'number', ...options }),
  Object(properties: Readonly<Record<string, object>>, options?: object) {
    const required = Object.keys(properties).filter((key) => !optionals.has(properties[key]!));
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options };
  },
  Optional(schema: object) {
    const optional = { ...schema };
    optionals.add(optional);
    return optional;
  },
  String: (options?: object) => ({ type: 'string', ...options }),
  Union: (schemas: readonly object[], options?: object) => ({ anyOf: schemas, ...options }),
};

export const Type = builders as unknown as Builders;

/** A time of day and date as RFC 3339 writes it. */
export const Time = (description?: string) =>
  Type.String({ format: 'date-time', ...(description !== undefined && { description }) });
