/** Whoever reads the output goes away: a command ends without a word, a service goes on. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ownEnvironment } from './support/own-environment.ts';
import { projectFolder, startService } from './support/running-service.ts';

/** The pipe is closed before the program can say anything. */
const intoClosedPipe = 'exec 3>&1; { "$@"; echo "code $?" >&3; } | true';

it('a command whose output nobody reads ends as SIGPIPE ends others', async () => {
  const command = [process.execPath, join(projectFolder, 'bin/privyseal.js'), '--help'];
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', intoClosedPipe, 'sh', ...command], {
    env: ownEnvironment(),
  });
  expect({ stdout, stderr }).toEqual({ stdout: 'code 141\n', stderr: '' });
});

it.each([
  ['nobody reads', '{ "$@" 2>&1; echo "code $?" >&3; } | true'],
  ...(existsSync('/dev/full') ? [['fit on no disk', '"$@" 2>/dev/full; echo "code $?" >&3']] : []),
])('a command whose sentences %s ends as it would have', async (_what, into) => {
  const command = [process.execPath, join(projectFolder, 'bin/privyseal.js'), 'list', '--ca', '/nowhere.pem'];
  const { stdout } = await promisify(execFile)('sh', ['-c', `exec 3>&1; ${into}`, 'sh', ...command], {
    env: ownEnvironment(),
  });
  expect(stdout).toBe('code 2\n');
});

const intoFullDisk = 'exec "$@" > /dev/full';

const noFullDisk = existsSync('/dev/full') ? '' : ' (skipped: there is no /dev/full here)';

it.skipIf(noFullDisk !== '')(`a command whose output fits on no disk ends with a sentence${noFullDisk}`, async () => {
  const command = [process.execPath, join(projectFolder, 'bin/privyseal.js'), '--help'];
  const ended = promisify(execFile)('sh', ['-c', intoFullDisk, 'sh', ...command], { env: ownEnvironment() });
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^privyseal: outputUnwritable: .*ENOSPC.*\n$/),
  });
});

it.each([['nobody reads', intoClosedPipe], ...(existsSync('/dev/full') ? [['fits on no disk', intoFullDisk]] : [])])(
  'a service whose output %s goes on',
  async (_what, into) => {
    const service = await startService({ prefix: ['sh', '-c', into, 'sh'] });
    try {
      for (let asked = 0; asked < 3; asked++) {
        const { status } = await service.distribution('/crl/dev-root.crl');
        expect([status, service.output()]).toEqual([200, '']);
      }
    } finally {
      await service.dispose();
    }
  },
);
