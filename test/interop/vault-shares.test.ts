/** The program whose passphrase was split: it starts when enough shares are given at its console, and shows them to nobody. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../support/program-run.ts';
import { type RunningService, serviceExit, startService, temporaryFolder } from '../support/running-service.ts';
import { submit } from '../support/submit.ts';

const folder = temporaryFolder();
const home = join(folder, 'data');
let shares: string[];

beforeAll(async () => {
  expect(await runProgram(home, ['init'])).toMatchObject({ code: 0 });
  const out = join(folder, 'shares');
  const split = await runProgram(home, ['vault', 'split', '--shares', '5', '--threshold', '3', '--out', out]);
  expect([split.code, split.stderr]).toEqual([0, '']);
  shares = readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8').trim());
  for (const share of shares) expect(split.stdout).not.toContain(share);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('serves with any three of five, and shows no share in its output, arguments or environment', async () => {
  let service: RunningService | undefined;
  try {
    const given = [shares[4], 'a mistake', shares[1], shares[2]].join('\n');
    service = await startService({ home, input: `${given}\n`, readyWithinMs: 100_000 });
    expect(await submit(service)).toMatchObject({ status: 201 });
    const shown = ['cmdline', 'environ'].map((name) => readFileSync(`/proc/${service?.child.pid}/${name}`, 'utf8'));
    shown.push(service.output());
    expect(service.output()).toContain('no share');
    for (const share of shares) expect(shown.join('\n')).not.toContain(share);
  } finally {
    await service?.dispose();
  }
}, 150_000);

it('says what is missing when there are too few, or nobody is at the console', async () => {
  for (const input of [undefined, `${shares[0]}\n`]) {
    const { code, output } = await serviceExit({ home, ...(input !== undefined && { input }) }, 100_000);
    expect([code, output]).toEqual([1, expect.stringContaining('sharesMissing')]);
    expect(output).not.toContain(shares[0]);
  }
}, 250_000);
