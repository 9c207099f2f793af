/** The contract's own check of shapes, held to a library's for all of JSON Schema. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Shape, shaped } from '#src/api/shape.ts';

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly examples?: readonly unknown[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
}

const folder = join(import.meta.dirname, '../../src/api');

async function contract(): Promise<[string, Schema][]> {
  const modules = await Promise.all(
    readdirSync(folder).map(async (file) => Object.entries((await import(join(folder, file))) as object)),
  );
  return modules.flat().filter(([, value]) => 'type' in Object(value) || 'anyOf' in Object(value));
}

const schemas = await contract();
const ajv = new Ajv({ strict: false, formats: { date: aDate, 'date-time': aTime } });

/** By other means than the code's. */
function aDate(text: string): boolean {
  return /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) && Number.isFinite(new Date(text).getTime());
}

function aTime(text: string): boolean {
  const isWritten = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text);
  return isWritten && Number.isFinite(new Date(text.toUpperCase()).getTime());
}

/** Values that schemas are about, right and wrong. */
const leaf = fc.oneof(
  fc.constantFrom<unknown>(null, true, '', 'dev', 'issued', '2026-01-31', '2026-02-31', '2026-01-31T10:00:00Z', 0, -1),
  fc.constantFrom<unknown>(1.5, 1e9, 1e300, [], {}, 'x'.repeat(300), '\u{1F511}'.repeat(64), '01c8', ['a', 'a'], ['a']),
  fc.string(),
  fc.integer(),
);

/** What the schema describes, with something else in it now and then. */
function nearly(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fitting(schema) }, { weight: 1, arbitrary: leaf });
}

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { anyOf, items, properties, type, examples = [], format } = schema;
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (anyOf) return fc.oneof(...anyOf.map(nearly));
  if (items) return fc.array(nearly(items), { maxLength: 3 });
  if (properties) {
    const fields = Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, nearly(value)]));
    const required = fc.boolean().map((isWhole) => (isWhole ? Object.keys(fields) : []));
    return required.chain((requiredKeys) => fc.record(fields, { requiredKeys: requiredKeys as never }));
  }
  if (examples.length > 0) return fc.constantFrom(...examples);
  if (format === 'date-time') return fc.constant('2026-01-31T10:00:00Z');
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  return type === 'string' ? fc.constantFrom('dev', '2026-01-31') : fc.nat({ max: 100 });
}

describe('the shape of a value', () => {
  it('is judged for the whole contract as JSON Schema says', () => {
    expect(schemas.length).toBeGreaterThan(30);
    let right = 0;
    let wrong = 0;
    for (const [name, schema] of schemas) {
      const isValid = ajv.compile(schema);
      fc.assert(
        fc.property(nearly(schema), (value) => {
          // Unknown fields go before anything is judged: what is left of them must be right for both.
          const told = shaped(schema as unknown as Shape, value);
          if (told === undefined) wrong += 1;
          else right += 1;
          expect(told !== undefined, `${name}: ${JSON.stringify(value)}`).toBe(isValid(value));
        }),
        { numRuns: 60 },
      );
    }
    // A test that sees only one of them sees nothing.
    expect(right).toBeGreaterThan(200);
    expect(wrong).toBeGreaterThan(200);
  });

  it('knows every keyword that the contract uses', () => {
    const judged = [
      ...['type', 'enum', 'const', 'anyOf', 'properties', 'required', 'additionalProperties', 'minProperties', 'items'],
      ...['minItems', 'maxItems', 'uniqueItems', 'minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'format'],
    ];
    const said = ['description', 'examples', 'default', 'title'];
    const used = new Set(schemas.flatMap(([, schema]) => keywordsOf(schema)));
    expect([...used].filter((keyword) => ![...judged, ...said].includes(keyword))).toEqual([]);
  });

  it('loses the fields that the contract does not know', () => {
    const [, schema] = schemas.find(([name]) => name === 'EnvironmentBody')!;
    expect(shaped(schema as unknown as Shape, { name: 'dev', newer: 1 })).toEqual({ name: 'dev' });
  });
});

function keywordsOf(schema: Schema): string[] {
  const { properties = {}, anyOf = [], items } = schema;
  const inside = [...Object.values(properties), ...anyOf, ...(items ? [items] : [])];
  return [...Object.keys(schema), ...inside.flatMap(keywordsOf)];
}
