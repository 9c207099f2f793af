import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ReloadError, runReload } from '#src/agent/reload/run-reload.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const context = { files: '/files', signal: new AbortController().signal };

/** Where tests run there is no systemd: this program keeps how it was called, and ends as told for each verb. */
function systemctl(endings: Readonly<Record<string, number>>) {
  const folder = temporaryFolder();
  const calls = join(folder.path, 'calls');
  const cases = Object.entries(endings).map(
    ([verb, code]) => `*" ${verb} "*) echo "said of ${verb}" >&2; exit ${code};;`,
  );
  const path = folder.write('systemctl', `#!/bin/sh\necho "$*" >> ${calls}\ncase " $* " in ${cases.join(' ')} esac\n`);
  chmodSync(path, 0o755);
  return { path, calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []) };
}

describe('reload action systemd', () => {
  it('asks for a reload, or for what is configured, and then whether the unit is active', async () => {
    const program = systemctl({});
    await runReload({ action: 'systemd', unit: 'web@1.service', systemctl: program.path }, context);
    await runReload({ action: 'systemd', unit: 'web', verb: 'restart', systemctl: program.path }, context);
    expect(program.calls()).toEqual([
      '--no-ask-password reload -- web@1.service',
      '--no-ask-password is-active -- web@1.service',
      '--no-ask-password restart -- web',
      '--no-ask-password is-active -- web',
    ]);
  });

  it.each([
    ['reload', 1],
    ['is-active', 2],
  ])('is refused when `systemctl %s` fails', async (verb, calls) => {
    const program = systemctl({ [verb]: 3 });
    const refusal = await runReload({ action: 'systemd', unit: 'web', systemctl: program.path }, context).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(ReloadError);
    expect((refusal as ReloadError).output).toBe(`said of ${verb}`);
    expect(program.calls()).toHaveLength(calls);
  });
});
