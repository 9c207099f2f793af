/** What one target names and cannot be used keeps no other one from being tended. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rotateOnce, statusOfTargets } from '#src/agent/rotate.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const surroundings = { now: Date.now, random: () => 0.5, signal: new AbortController().signal, log: () => {} };

/** With `bad` before it, whose program is not there. */
function agentWithBadTarget() {
  const { path } = temporaryFolder();
  const { file } = rotatingAgent(service, path);
  const content = JSON.parse(readFileSync(file, 'utf8'));
  const hook = join(path, 'hook');
  const bad = { ...content.targets[0], name: 'bad', files: { folder: 'bad' } };
  const targets = [{ ...bad, reload: { action: 'exec', command: [hook] } }, ...content.targets];
  writeFileSync(file, JSON.stringify({ ...content, targets }));
  return { path, file, hook };
}

it('fails alone, before anything is asked of the service, until it can be used', async () => {
  const { file, hook } = agentWithBadTarget();
  const turn = () => rotateOnce({ file, targets: [], force: false, dryRun: false }, surroundings);
  const [bad, web] = await turn();
  expect([bad!.act, bad!.code, web!.act]).toEqual(['failed', 'targetRefused', 'enrolled']);
  expect(bad).toMatchObject({ detail: expect.stringContaining(hook), status: { failures: 1, serial: null } });
  writeFileSync(hook, '#!/bin/sh\n');
  chmodSync(hook, 0o755);
  expect((await turn()).map(({ act }) => act)).toEqual(['enrolled', 'unchanged']);
});

it('keeps nobody from looking at what is known, nor does anything else that only turns need', async () => {
  const { path, file } = agentWithBadTarget();
  const content = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...content, service: { ...content.service, ca: join(path, 'none.pem') } }));
  await expect(rotateOnce({ file, targets: [], force: false, dryRun: false }, surroundings)).rejects.toMatchObject({
    code: 'badConfiguration',
  });
  expect((await statusOfTargets({ file, targets: [] })).map(({ target }) => target)).toEqual(['bad', 'web']);
});
