/** Whoever reads the output goes away: a command ends without a word, a service goes on. */
import { execFile } from 'node:child_process';
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

it('a service whose output nobody reads goes on', async () => {
  const service = await startService({ prefix: ['sh', '-c', intoClosedPipe, 'sh'] });
  try {
    const { status } = await service.distribution('/crl/dev-root.crl');
    expect([status, service.output()]).toEqual([200, '']);
  } finally {
    await service.dispose();
  }
});
