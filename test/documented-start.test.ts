/** Every code by which a start, a backup, a restore, a change of the passphrase or a turn of the agent ends is in a page, with what to do. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** A union leaves no trace at run time, so the text is asked. */
function codesOf(file: string, type: string): readonly string[] {
  const [, union = ''] = new RegExp(`export type ${type} =([\\s\\S]+?);`).exec(read(file))!;
  return Array.from(union.matchAll(/^ {2}\| '(\w+)'/gm), ([, code]) => code!);
}

/** What a table has in its first column before two others, or a list begins with. */
const advisedBy = (pages: readonly string[]): readonly string[] =>
  pages.flatMap((page) =>
    Array.from(read(page).matchAll(/^(?:\| ((?:`\w+`(?:, )?)+) \|.+\|.+\||- (`\w+`):)/gm), ([, cells, item]) =>
      Array.from((cells ?? item!).matchAll(/`(\w+)`/g), ([, code]) => code!),
    ).flat(),
  );

it.each([
  ['src/domain/errors.ts', 'StartErrorCode', ['docs/operating.md', 'docs/backup.md', 'docs/keys.md']],
  ['src/agent/agent-error.ts', 'AgentErrorCode', ['docs/agent.md']],
])('every code of %s, %s, has its line with what to do', (file, type, pages) => {
  const codes = codesOf(file, type);
  const advised = advisedBy(pages);
  expect(codes.length).toBeGreaterThan(15);
  expect(codes.filter((code) => !advised.includes(code))).toEqual([]);
});
