/** docs/policy.md is what people look a reason up in: it lists every code with its problem, and nothing that is none. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { refusalCode } from '../../../src/domain/refusal.ts';

describe('docs/policy.md', () => {
  it('tells every reason with its problem and what to do', () => {
    const text = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8');
    const rows = text.slice(text.indexOf('## Reasons')).matchAll(/^\| `(\w+)` \| `(\w+)` \| \S.*\. \|$/gm);
    const told = Object.fromEntries(Array.from(rows, ([, reason, problem]) => [reason, problem]));
    expect(told).toEqual(refusalCode);
  });
});
