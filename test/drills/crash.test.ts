/** The crash drill as a test: 50 rounds where the judges are required, a taste of it elsewhere. */
import { describe, expect, it } from 'vitest';
import { judgesRequired } from '../support/judges.ts';
import { crashDrill } from './crash.ts';

const rounds = judgesRequired ? 50 : 5;

describe('kill -9 under load', () => {
  it(`loses nothing acknowledged and leaves nothing signed unrecorded, in ${rounds} rounds`, {
    timeout: 300_000,
  }, async () => {
    const report = await crashDrill({ rounds });
    expect(report.violations).toEqual([]);
    expect(report.acknowledged).toBeGreaterThan(rounds);
    expect(report.signed).toBeGreaterThanOrEqual(report.acknowledged);
  });
});
