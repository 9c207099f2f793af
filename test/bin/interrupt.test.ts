import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeProgressJson } from '../support/campaigns-double.ts';
import { at, homeFor } from '../support/command-line.ts';
import { startStubService } from '../support/stub-service.ts';

const launcher = join(import.meta.dirname, '../../bin/privyseal.js');
const filesIn = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).toSorted();

it.each([
  ['key', ['request', 'demo.dev.internal'], /key\.pem$/],
  ['file', ['token', 'add', 'dev/demo', '--uses', '1', '--expires', '1h', '--out', 'new-token'], /^new-token$/],
])('leaves no %s behind when it is interrupted while the service thinks', async (_what, argv, made) => {
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const service = await startStubService(() => {
    asked();
    return undefined;
  });
  const cwd = homeFor(service);
  const before = filesIn(cwd);
  const child = spawn(process.execPath, [launcher, ...argv, ...at(service)], { cwd });
  onTestFinished(() => void child.kill('SIGKILL'));
  await isAsked;
  expect(filesIn(cwd)).toContainEqual(expect.stringMatching(made));
  child.kill('SIGINT');
  const [code, signal] = await once(child, 'exit');
  expect([code, signal]).toEqual([null, 'SIGINT']);
  expect(filesIn(cwd)).toEqual(before);
});

it('ends a watch at once, however long it was to pause', async () => {
  const service = await startStubService(() => ({ body: makeProgressJson() }), {
    tls: { requestCert: true, rejectUnauthorized: true },
  });
  const argv = ['campaign', 'watch', makeProgressJson().id, '--every', '24h', ...at(service)];
  const child = spawn(process.execPath, [launcher, ...argv], { cwd: homeFor(service) });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
