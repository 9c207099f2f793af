/** Enforces the import rule and the form of every source file; each fixture breaks one rule and proves that we would notice. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkArchitecture, type Violation } from './support/import-rule.ts';

const fixtures = resolve(import.meta.dirname, 'fixtures/architecture');

/** A fixture is one text file: its first line says what must be found; `--- path` opens each file of the tree. */
function checkFixture(name: string): { expected: string; found: Violation[] } {
  const [head = '', ...parts] = readFileSync(join(fixtures, name), 'utf8').split(/^--- /m);
  const root = mkdtempSync(join(tmpdir(), 'privyseal-architecture-'));
  try {
    for (const part of parts) {
      const end = part.indexOf('\n');
      const file = join(root, part.slice(0, end));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, part.slice(end + 1));
    }
    return { expected: head.trim(), found: checkArchitecture(root) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

describe('the source tree', () => {
  it('breaks no rule', () => {
    expect(checkArchitecture(resolve(import.meta.dirname, '../src'))).toEqual([]);
  });
});

describe('a tree with one flaw', () => {
  for (const name of readdirSync(fixtures)) {
    const { expected, found } = checkFixture(name);
    it(`${name}: ${expected}`, () => {
      expect(found.map(({ rule, file }) => `${rule} in ${file}`).join(', ') || 'nothing').toBe(expected);
    });
  }

  it('exists for every rule', () => {
    const rules = new Set(readdirSync(fixtures).map((name) => checkFixture(name).expected.split(' ')[0]));
    const all = ['floor', 'mainOnly', 'vendor', 'impure', 'computedImport', 'cycle', 'drawer', 'barrel', 'length'];
    expect([...all, 'opening', 'nothing'].filter((rule) => !rules.has(rule))).toEqual([]);
  });
});
