/** A folder for a whole test file, gone when its last test has ended. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Call it while the file is collected; the answer gives paths inside. */
export function suiteFolder(): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'privyseal-test-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return (name) => join(path, name);
}

/** As `suiteFolder`; each call of the answer gives a home that no other test of the file has had. */
export function suiteHomes(): () => string {
  const folder = suiteFolder();
  let homes = 0;
  return () => folder(`home-${++homes}`);
}
