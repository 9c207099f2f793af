/** A service that was restored from a backup does not know the certificates that it issued later. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let services: readonly RunningService[] = [];
beforeAll(async () => {
  services = [await startService(), await startService()];
});
afterAll(async () => {
  for (const service of services) await service.dispose();
});

/** Without lists, which are over when the agent's clock is ahead. */
const target = { files: { folder: 'tls', outputs: { 'key.pem': {}, 'fullchain.pem': {}, 'trust.pem': {} } } };

it('has such a certificate stay until its time comes, and then replaced with the token', async () => {
  const { path } = temporaryFolder();
  const [before, after] = services as [RunningService, RunningService];
  expect((await rotatingAgent(before, path, target).turn()).act).toBe('enrolled');

  const agent = rotatingAgent(after, path, target);
  const inUse = agent.inUse();
  expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'notFound' });
  expect(agent.inUse()).toBe(inUse);
  agent.passSeconds(26 * 86_400);
  expect(await agent.turn()).toMatchObject({ act: 'rotated' });
  expect(agent.read('trust.pem')).toBe(readFileSync(after.path('trust/dev.pem'), 'utf8'));
});

it('has it replaced at once when that is asked for', async () => {
  const { path } = temporaryFolder();
  const [before, after] = services as [RunningService, RunningService];
  await rotatingAgent(before, path, target).turn();
  expect(await rotatingAgent(after, path, target).turn({ force: true })).toMatchObject({ act: 'rotated' });
});
