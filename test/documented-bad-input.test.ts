import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const rows = [
  ...readFileSync(join(root, 'docs/bad-input.md'), 'utf8').matchAll(/^\| (\d+)(?:-(\d+))? \|.*`(test\/\S+)` \|$/gm),
];

describe('docs/bad-input.md', () => {
  it('has each number but those of ACME once', () => {
    const numbers = rows.flatMap(([, first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
    );
    const wanted = Array.from({ length: 54 }, (_, i) => i + 1).filter((number) => number !== 43 && number !== 44);
    expect(numbers).toEqual(wanted);
  });

  it.each(rows.map(([, first, , file]) => [first, file!]))('names a test for %s that exists: %s', (_number, file) => {
    expect(existsSync(join(root, file))).toBe(true);
  });
});
