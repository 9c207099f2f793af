/** docs/problems.md is what people look a problem up in: it lists every code with its status. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { problemKinds } from '../../../../src/faces/http/problems/problem.ts';

it('documents every problem with its status', () => {
  const text = readFileSync(new URL('../../../../docs/problems.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
  const kinds = Object.entries(problemKinds).map(([code, { status }]) => [code, status]);
  expect(new Map(rows as [string, number][])).toEqual(new Map(kinds as [string, number][]));
});
