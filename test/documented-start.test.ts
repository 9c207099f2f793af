/** Every code by which a start, a backup, a restore or a change of the passphrase ends is in a page, with what to do. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

/** A union leaves no trace at run time, so the text is asked. */
const [, union = ''] = /export type StartErrorCode =([\s\S]+?);/.exec(read('src/domain/errors.ts'))!;
const codes = Array.from(union.matchAll(/^ {2}\| '(\w+)'/gm), ([, code]) => code!);

/** What a table has in its first column before two others, or a list begins with. */
const advised = ['docs/operating.md', 'docs/backup.md', 'docs/keys.md'].flatMap((page) =>
  Array.from(read(page).matchAll(/^(?:\| ((?:`\w+`(?:, )?)+) \|.+\|.+\||- (`\w+`):)/gm), ([, cells, item]) =>
    Array.from((cells ?? item!).matchAll(/`(\w+)`/g), ([, code]) => code!),
  ).flat(),
);

it('every code has its line in docs/operating.md, docs/backup.md or docs/keys.md', () => {
  expect(codes.length).toBeGreaterThan(30);
  expect(codes.filter((code) => !advised.includes(code))).toEqual([]);
});
