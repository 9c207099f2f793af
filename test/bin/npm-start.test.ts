import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/http-exchange.ts';
import { ownEnvironment } from '../support/own-environment.ts';
import { type Ports, projectFolder } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const inFolder = suiteFolder();

it('a SIGTERM to `npm start` ends the service, and leaves none behind that holds the home', async () => {
  const home = inFolder('data');
  const ports = { PRIVYSEAL_PUBLIC_PORT: '0', PRIVYSEAL_ADMIN_PORT: '0', PRIVYSEAL_DISTRIBUTION_PORT: '0' };
  const env = { ...ownEnvironment(), ...ports, PRIVYSEAL_HOME: home };
  const npm = spawn('npm', ['start'], { cwd: projectFolder, env, detached: true, stdio: 'ignore' });
  const ended = new Promise((done) => npm.once('exit', done));
  const answers = async (): Promise<boolean> => {
    try {
      const { distribution } = JSON.parse(readFileSync(join(home, 'run/ports.json'), 'utf8')) as Ports;
      return (await exchange(`http://localhost:${distribution}/readyz`)).status === 200;
    } catch {
      return false;
    }
  };
  try {
    await eventually(answers, (ready) => ready, 50_000);
    npm.kill('SIGTERM');
    await ended;
    expect(await eventually(answers, (ready) => !ready, 15_000)).toBe(false);
  } finally {
    // Whatever is left of the group.
    try {
      process.kill(-npm.pid!, 'SIGKILL');
    } catch {
      // Nothing is.
    }
  }
}, 90_000);
