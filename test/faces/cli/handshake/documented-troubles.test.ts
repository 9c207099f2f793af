import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sentencesOf } from '#src/faces/cli/handshake/trouble.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../../docs/handshake.md'), 'utf8');

/** Code and step of each row; a row may have several codes. */
const rows = page.split('\n').flatMap((line) => {
  const [, codes = '', step = ''] = /^\| (`.+`) \| (\w+) \|/.exec(line) ?? [];
  return [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${step}`);
});

describe('the ways of a handshake to fail', () => {
  it('are all documented, each with its step, and no others', () => {
    const known = Object.entries(sentencesOf).map(([code, { step }]) => `${code} ${step}`);
    expect(rows.sort()).toEqual(known.sort());
  });
});
