/** `privyseal init`: a home is made and told of, without a service; a second time finds it made. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runProgram } from '../support/program-run.ts';
import { temporaryFolder } from '../support/running-service.ts';

it('init makes the home, says what it made, and ends well, once and again', async () => {
  const folder = temporaryFolder();
  try {
    const home = join(folder, 'data');
    const first = await runProgram(home, ['init']);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('dev-issuing');
    for (const name of ['privyseal.db', 'admin/admin.crt', 'trust/dev.pem'])
      expect(existsSync(join(home, name))).toBe(true);
    const second = await runProgram(home, ['init']);
    expect([second.code, second.stderr]).toEqual([0, '']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
