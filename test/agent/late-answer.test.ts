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

it('of a rotation and of a first enrolment, approved before it, are asked for anew', async () => {
  const guarded = rawProfile({ name: 'guarded', approvals: 1, extendedKeyUsage: ['serverAuth', 'clientAuth'] });
  await post('/v1/profiles', { environment: 'dev', ...guarded });
  const product = { environment: 'dev', name: 'guarded', nameRules: ['a.guarded'], profiles: ['guarded'] };
  await post('/v1/products', product);
  const { token } = await post('/v1/tokens', { product: 'dev/guarded', uses: 100 });
  const agentOf = () => {
    const { path, write } = temporaryFolder();
    const tokenFile = write('token', token);
    chmodSync(tokenFile, 0o600);
    return rotatingAgent(service, path, { names: ['a.guarded'], profile: 'guarded', enrol: { tokenFile } });
  };
  const approve = async (id: string | null) => post(`/v1/requests/${id}/approve`, {});
  const [rotating, enrolling] = [agentOf(), agentOf()];
  await approve((await rotating.turn()).status.waitingFor);
  expect((await rotating.turn()).act).toBe('enrolled');
  await approve((await rotating.turn({ force: true })).status.waitingFor);
  await approve((await enrolling.turn()).status.waitingFor);
  const why = ['--reason', 'found in a log', '--yes'];
  const declared = await runProgram(service.home, ['authority', 'compromise', 'dev-root', ...why]);
  expect([declared.code, declared.stderr]).toEqual([0, '']);

  for (const agent of [rotating, enrolling]) {
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'requestEnded', status: { waitingFor: null } });
    await approve((await agent.turn()).status.waitingFor);
    expect(await agent.turn()).toMatchObject({ status: { failures: 0, waitingFor: null } });
    expect(agent.read('trust.pem')).toBe(readFileSync(service.path('trust/dev.pem'), 'utf8'));
    expect((await agent.turn()).act).toBe('unchanged');
  }
});
