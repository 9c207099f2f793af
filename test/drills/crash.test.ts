/** The crash drill as a test: 50 rounds where the judges are required, a taste of it elsewhere. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgesRequired, run } from '../support/judges.ts';
import type { DrillReport } from './crash.ts';

const rounds = judgesRequired ? 50 : 5;

/** A program of its own, as for people: each round opens the inventory, whose thread finds its modules in the compile cache. */
async function drill(): Promise<DrillReport> {
  const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') };
  const args = [join(import.meta.dirname, 'crash.ts'), '--rounds', String(rounds)];
  const { code, stdout, stderr } = await run(process.execPath, args, { env, timeoutMs: 280_000 });
  // 1 is a violation, which the report tells.
  if (code !== 0 && code !== 1) throw new Error(`the drill ended with ${code} after:\n${stderr}`);
  return JSON.parse(stdout.toString()) as DrillReport;
}

describe('kill -9 under load', () => {
  it(`loses nothing acknowledged and leaves nothing signed unrecorded, in ${rounds} rounds`, {
    timeout: 300_000,
  }, async () => {
    const report = await drill();
    expect(report.violations).toEqual([]);
    // A busy machine is killed before it has answered often.
    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.signed).toBeGreaterThanOrEqual(report.acknowledged);
  });
});
