import { Type as TypeBox } from 'typebox';
import { describe, expect, it } from 'vitest';
import { Type } from '../../src/api/schema.ts';

/** The same schema by our builders and by the library's. */
const both = <T>(make: (builders: typeof Type) => T): [ours: unknown, theirs: unknown] =>
  [Type, TypeBox as typeof Type].map((builders) => JSON.parse(JSON.stringify(make(builders)))) as [unknown, unknown];

describe('the builders of schemas', () => {
  it.each<[string, (t: typeof Type) => unknown]>([
    ['String', (t) => t.String({ minLength: 1, pattern: '^a' })],
    ['Integer', (t) => t.Integer({ minimum: 0 })],
    ['Number', (t) => t.Number({ minimum: 0 })],
    ['Boolean', (t) => t.Boolean({ default: true })],
    ['Null', (t) => t.Null()],
    ['Literal', (t) => t.Literal('a')],
    ['Enum', (t) => t.Enum(['a', 'b'], { description: 'which' })],
    ['Array', (t) => t.Array(t.String(), { minItems: 1 })],
    ['Union', (t) => t.Union([t.Null(), t.String()], { description: 'either' })],
    ['Object', (t) => t.Object({ a: t.String(), b: t.Optional(t.Integer()) }, { additionalProperties: false })],
    ['Object without required', (t) => t.Object({ b: t.Optional(t.Integer()) })],
    [
      'an Optional of an Optional',
      (t) => t.Object({ ...t.Object({ b: t.Optional(t.Null()) }).properties, c: t.Null() }),
    ],
  ])('make of %s what TypeBox makes', (_name, make) => {
    const [ours, theirs] = both(make);
    expect(ours).toEqual(theirs);
  });
});
