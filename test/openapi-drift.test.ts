/** The checked-in OpenAPI documents are what the routes give. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { openApiFiles } from '../scripts/write-openapi.ts';

const files = await openApiFiles();

it.each([...files.keys()])('%s is what the routes give; else run npm run openapi', async (name) => {
  expect(await readFile(new URL(`../${name}`, import.meta.url), 'utf8')).toBe(files.get(name));
});

interface Operation {
  readonly summary?: string;
  readonly operationId?: string;
  readonly responses: Record<string, { description: string }>;
}

it.each([...files])('every operation of %s says what it does, who may, and which problems there are', (_name, text) => {
  const document = parse(text) as { paths: Record<string, Record<string, Operation>> };
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  const unclear = operations.filter(
    ({ summary, operationId, responses }) =>
      !summary ||
      !operationId ||
      Object.values(responses).some(({ description }) => description === 'Default Response'),
  );
  expect(unclear).toEqual([]);
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});
