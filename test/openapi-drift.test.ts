/** The checked-in OpenAPI documents are what the routes give. */
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { openApiFiles } from '../scripts/write-openapi.ts';

const files = await openApiFiles();
const documents = [...files].map(([name, text]): [string, unknown] => [name, parse(text)]);

it.each([...files.keys()])('%s is what the routes give; else run npm run openapi', async (name) => {
  expect(await readFile(new URL(`../${name}`, import.meta.url), 'utf8')).toBe(files.get(name));
});

interface Operation {
  readonly summary?: string;
  readonly operationId?: string;
  /** Empty where everybody may. */
  readonly security?: readonly object[];
  readonly responses: Record<string, { description: string }>;
}

it.each(documents)(
  'every operation of %s says what it does, who may, and which problems there are',
  (_name, document) => {
    const { paths } = document as { paths: Record<string, Record<string, Operation>> };
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const unclear = operations.filter(
      ({ summary, operationId, security, responses }) =>
        !summary ||
        !operationId ||
        !security ||
        Object.values(responses).some(({ description }) => description === 'Default Response'),
    );
    expect(unclear).toEqual([]);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  },
);

interface Documented {
  readonly security?: readonly object[];
  readonly responses: Record<string, { content?: Record<string, { schema?: { allOf?: [unknown, ProblemTypes] } }> }>;
}

interface ProblemTypes {
  readonly properties: { readonly type: { readonly enum: readonly string[] } };
}

it.each(documents)('every operation of %s documents the problems that come with its nature', (_name, document) => {
  const { paths } = document as { paths: Record<string, Record<string, Documented>> };
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { security, responses }] of Object.entries(methods)) {
      const known = Object.values(responses).flatMap(
        ({ content }) => content?.['application/problem+json']?.schema?.allOf?.[1].properties.type.enum ?? [],
      );
      const codes = ['malformed', 'rateLimited', 'stopping', 'serverInternal'];
      if (security && security.length > 0) codes.push('unauthenticated', 'unauthorized', 'inventoryUnavailable');
      const wanted = ['about:blank', ...codes.map((code) => `https://privyseal.dev/problems/${code}`)];
      expect([method, path, known]).toEqual([method, path, expect.arrayContaining(wanted)]);
      expect([method, path, Object.keys(responses)]).toEqual([method, path, expect.arrayContaining(['408', '431'])]);
    }
  }
});

/** The validator remembers texts that it has seen; anything else it compares each with each: seconds for a body of 64 KiB. */
it.each(documents)('every list of %s that may hold nothing twice is of texts', (_name, document) => {
  const lists: { readonly items?: { readonly type?: string } }[] = [];
  JSON.stringify(document, (_key, value) => {
    if (value?.uniqueItems === true) lists.push(value);
    return value;
  });
  expect(lists.filter(({ items }) => items?.type !== 'string')).toEqual([]);
});

interface Grouped {
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Record<string, Record<string, { readonly tags?: readonly string[] }>>;
}

it.each(documents)(
  'every operation of %s is in one group, and every group says what it is about',
  (_name, document) => {
    const { tags = [], paths } = document as Grouped;
    const groups = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ tags }) => tags));
    expect(groups.filter((group) => group?.length !== 1)).toEqual([]);
    expect(tags.filter(({ description }) => !description)).toEqual([]);
    expect(new Set(tags.map(({ name }) => name))).toEqual(new Set(groups.flat()));
  },
);

interface Bodied {
  readonly components: object;
  readonly paths: Record<
    string,
    Record<string, { readonly requestBody?: { readonly content: Record<string, Medium> } }>
  >;
}

interface Medium {
  readonly schema: { readonly $ref?: string };
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}

it.each(documents)('every JSON body of %s has a name and examples, which its schema accepts', (_name, document) => {
  const { components, paths } = document as Bodied;
  const ajv = new Ajv2020({
    strict: false,
    formats: { 'date-time': (value: string) => !Number.isNaN(Date.parse(value)) },
  });
  ajv.addSchema({ $id: 'document', components });
  const wrong: unknown[] = [];
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const medium = requestBody?.content['application/json'];
      if (!medium) continue;
      const validate = ajv.compile({ $ref: `document${medium.schema.$ref}` });
      const named = ajv.getSchema(`document${medium.schema.$ref}`)?.schema as { examples?: readonly unknown[] };
      const examples = [
        medium.example,
        ...Object.values(medium.examples ?? {}).map(({ value }) => value),
        ...(named?.examples ?? []),
      ];
      const given = examples.filter((each) => each !== undefined);
      if (given.length === 0) wrong.push([method, path, 'no example']);
      for (const example of given) if (!validate(example)) wrong.push([method, path, example, validate.errors]);
    }
  }
  expect(wrong).toEqual([]);
});
