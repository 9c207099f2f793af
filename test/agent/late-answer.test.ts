/** An answer that the agent comes for only after its authority’s key was found in other hands: nobody believes it any more. */
import { chmodSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rawProfile } from '../support/policy-builders.ts';
import { runProgram } from '../support/program-run.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  const answer = await service.admin(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return JSON.parse(answer.body.toString());
}

it('that was approved is asked for anew', async () => {
  await post('/v1/profiles', { environment: 'dev', ...rawProfile({ name: 'guarded', approvals: 1 }) });
  const product = { environment: 'dev', name: 'guarded', nameRules: ['a.guarded'], profiles: ['guarded'] };
  await post('/v1/products', product);
  const { token } = await post('/v1/tokens', { product: 'dev/guarded', uses: 100 });
  const { path, write } = temporaryFolder();
  const tokenFile = write('token', token);
  chmodSync(tokenFile, 0o600);
  const agent = rotatingAgent(service, path, { names: ['a.guarded'], profile: 'guarded', enrol: { tokenFile } });
  const approve = async (id: string | null) => post(`/v1/requests/${id}/approve`, {});
  await approve((await agent.turn()).status.waitingFor);
  const declared = await runProgram(service.home, [
    'authority',
    'compromise',
    'dev-root',
    '--reason',
    'found in a log',
    '--yes',
  ]);
  expect([declared.code, declared.stderr]).toEqual([0, '']);

  expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'requestEnded', status: { waitingFor: null } });
  await approve((await agent.turn()).status.waitingFor);
  expect((await agent.turn()).act).toBe('enrolled');
  expect(agent.read('trust.pem')).toBe(readFileSync(service.path('trust/dev.pem'), 'utf8'));
});
