/** The units of the example are ones that systemd takes. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../support/judges.ts';
import { projectFolder } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = join(projectFolder, 'examples/systemd');
const units = readdirSync(folder).filter((name) => /\.(service|timer)$/.test(name));

/** No judge that every machine must have: many containers know no systemd. */
const analyze = '/usr/bin/systemd-analyze';

const where = existsSync(analyze) ? '' : ' (skipped: there is no systemd-analyze here)';

it.skipIf(where !== '')(`systemd finds nothing wrong with the units${where}`, async () => {
  const { path } = temporaryFolder();
  for (const name of units) {
    // What is started must be there to be verified.
    const text = readFileSync(join(folder, name), 'utf8').replace(
      /\/opt\/privyseal\/node_modules\/.bin\/node /,
      '/bin/true ',
    );
    writeFileSync(join(path, name), text);
  }
  const files = units.map((name) => join(path, name));
  const { code, stdout, stderr } = await run(analyze, ['verify', '--man=no', '--recursive-errors=no', ...files]);
  expect([code, stdout.toString(), stderr]).toEqual([0, '', '']);
});

it('the daemon and the timer’s unit have the same walls', () => {
  const walls = (name: string): string[] =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => /^(Protect|Private|Restrict|NoNew|Capability|System|ReadWrite|UMask|Lock|Remove)/.test(line));
  expect(walls('privyseal-agent-once.service')).toEqual(walls('privyseal-agent.service'));
  expect(walls('privyseal-agent.service').length).toBeGreaterThan(15);
});
