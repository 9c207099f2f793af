/** A target that is given another folder or mode takes its certificate along: no token, no second certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RotatingAgent, rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const noToken = { tokenFile: '/nonexistent/token' };
const plain = (folder: string) => ({ folder, mode: 'replace', outputs: { 'key.pem': {}, 'cert.pem': {} } });

/** Serial of a certificate, if the key beside it is its own. */
function pairIn(folder: string): string | undefined {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const certificate = new X509Certificate(read('cert.pem'));
  const fits = certificate.checkPrivateKey(createPrivateKey(read('key.pem')));
  return fits ? certificate.serialNumber.toLowerCase() : undefined;
}

async function enrolled(target: Readonly<Record<string, unknown>> = {}) {
  const { path } = temporaryFolder();
  const agent = rotatingAgent(service, path, target);
  expect((await agent.turn()).act).toBe('enrolled');
  return { agent, path, serial: (await agent.status()).serial! };
}

/** Every turn but the first is without a token. */
const moveTo = (agent: RotatingAgent, files: object): void => agent.rewrite({ enrol: noToken, files });

it('another folder gets the certificate and key of before, which stay where they are', async () => {
  const { agent, path, serial } = await enrolled();
  moveTo(agent, { folder: join(path, 'elsewhere') });
  expect((await agent.turn({ dryRun: true })).act).toBe('unchanged');
  expect(await agent.turn()).toMatchObject({ act: 'activated', status: { serial, failures: 0, staged: null } });
  expect(['elsewhere/current', 'tls/current'].map((folder) => pairIn(join(path, folder)))).toEqual([serial, serial]);
  expect(agent.log.map(({ message }) => message)).toContainEqual(expect.stringContaining(join(path, 'tls')));
  expect((await agent.turn()).act).toBe('unchanged');
});

it.each(['link', 'replace'])('the mode %s can be left for the other, and taken again', async (mode) => {
  const { path, agent, serial } = await enrolled({ files: mode === 'link' ? { folder: 'tls' } : plain('tls') });
  const [here, there] = mode === 'link' ? [{ folder: 'tls' }, plain('tls')] : [plain('tls'), { folder: 'tls' }];
  const at = (files: object): string => join(path, 'mode' in files ? 'tls' : 'tls/current');
  moveTo(agent, there);
  expect((await agent.turn()).act).toBe('activated');
  expect(pairIn(at(there))).toBe(serial);
  const rotated = (await agent.turn({ force: true })).status.serial!;
  moveTo(agent, here);
  expect((await agent.turn()).act).toBe('activated');
  expect([pairIn(at(here)), (await agent.status()).serial]).toEqual([rotated, rotated]);
  expect(rotated).not.toBe(serial);
});

it('a certificate that its program has not taken yet moves too, and one begun anew rotates from it', async () => {
  const reload = { action: 'exec', command: ['/bin/false'] };
  const { agent, path, serial } = await enrolled({ reload });
  agent.rewrite({ enrol: noToken, files: { folder: join(path, 'elsewhere') } });
  const report = await agent.turn({ force: true });
  expect([report.act, report.status.serial === serial]).toEqual(['rotated', false]);
  expect(pairIn(join(path, 'elsewhere/current'))).toBe(report.status.serial);
});

it('a folder where the files of before are gone is enrolled with the token', async () => {
  const { agent, path, serial } = await enrolled();
  rmSync(join(path, 'tls'), { recursive: true });
  agent.rewrite({ files: { folder: join(path, 'elsewhere') } });
  const report = await agent.turn();
  expect([report.act, report.status.serial === serial]).toEqual(['enrolled', false]);
  expect(existsSync(join(path, 'tls'))).toBe(false);
});
