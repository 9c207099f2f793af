/** A service that was restored from a backup does not know the certificates that it issued later. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { itWith } from '../support/judges.ts';
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

it('has one for servers alone replaced as well, which is rotated with the token', async () => {
  const { path } = temporaryFolder();
  const [before, after] = services as [RunningService, RunningService];
  const forServers = { ...target, profile: 'server' };
  expect((await rotatingAgent(before, path, forServers).turn()).act).toBe('enrolled');

  const agent = rotatingAgent(after, path, forServers);
  expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'notFound' });
  agent.passSeconds(26 * 86_400);
  expect(await agent.turn()).toMatchObject({ act: 'rotated' });
  expect(agent.read('trust.pem')).toBe(readFileSync(after.path('trust/dev.pem'), 'utf8'));
});

it('has one that is known stay, whatever other product’s token lies in the file', async () => {
  const { path } = temporaryFolder();
  const [service] = services as [RunningService];
  const post = async (face: string, value: object) => {
    const headers = { 'content-type': 'application/json' };
    const { status, body } = await service.admin(face, { method: 'POST', headers, body: JSON.stringify(value) });
    expect(status).toBe(201);
    return JSON.parse(body.toString());
  };
  await post('/v1/products', { environment: 'dev', name: 'other', nameRules: ['demo.dev.internal'] });
  const { token } = await post('/v1/tokens', { product: 'dev/other' });
  await rotatingAgent(service, path, { ...target, profile: 'server' }).turn();

  const tokenFile = join(path, 'other');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const agent = rotatingAgent(service, path, { ...target, profile: 'server', enrol: { tokenFile } });
  expect(await agent.turn({ force: true })).toMatchObject({ act: 'failed', code: 'notFound' });
});

itWith('openssl', 'has its CRLs come in all the same: nginx refuses everybody once they are over', async () => {
  const { path } = temporaryFolder();
  const homes = [join(path, 'home'), join(path, 'of-before')] as const;
  await (await startService({ home: homes[0] })).stop();
  // With the modes, which a start looks at.
  execFileSync('cp', ['-a', ...homes]);
  const lost = await startService({ home: homes[0] });
  const first = await rotatingAgent(lost, join(path, 'agent')).turn().finally(lost.stop);
  expect(first.act).toBe('enrolled');

  const restored = await startService({ home: homes[1] });
  try {
    const agent = rotatingAgent(restored, join(path, 'agent'));
    const crl = agent.read('crl.pem');
    const { serial } = await issueCertificate(restored, path, { name: 'gone', profile: 'client' });
    await revokeCertificate(restored, serial);
    const unknown = { act: 'failed', code: 'notFound', status: { serial: first.status.serial, staged: null } };
    const asked = async () => {
      expect(await agent.turn()).toMatchObject(unknown);
      return agent.read('crl.pem');
    };
    await expect.poll(asked, { timeout: 20_000, interval: 200 }).not.toBe(crl);
  } finally {
    await restored.dispose();
  }
});
