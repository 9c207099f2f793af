/** Whether a value from outside has the shape that a schema of this contract describes. */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';

export type Shape = TSchema;
export type Shaped<Schema extends Shape> = Static<Schema>;

/** `value` without the fields that the contract does not know, as a newer service may send; undefined if it is not of this shape. */
export function shaped<Schema extends Shape>(schema: Schema, value: unknown): Shaped<Schema> | undefined {
  const known = Value.Clean(schema, value);
  return Value.Check(schema, known) ? known : undefined;
}
