/** Roots besides the environment's: they come and go with the agent's file, and the certificate stays. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeTestHierarchy } from '../support/test-hierarchy.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const { root } = makeTestHierarchy();

function agentThatTrusts(content: string) {
  const { path, write } = temporaryFolder();
  const alsoTrust = write('other-ca.pem', content);
  const agent = rotatingAgent(service, path);
  const files = { folder: agent.files, outputs: { 'trust.pem': {}, 'truststore.p12': {} } };
  return {
    agent,
    plain: () => agent.rewrite({ files }),
    trusting: () => agent.rewrite({ files: { ...files, alsoTrust: [alsoTrust] } }),
  };
}

describe('roots besides the environment’s', () => {
  it('are in a new set of the same certificate, once each, and go when the file no longer names them', async () => {
    const environment = service.read('trust/dev.pem');
    const { agent, plain, trusting } = agentThatTrusts(`${root.pem}${environment}${root.pem}`);
    plain();
    await agent.turn();
    const { serial } = await agent.status();
    trusting();
    expect((await agent.turn()).act).toBe('refreshed');
    expect(agent.read('trust.pem')).toBe(environment + root.pem);
    expect((await agent.turn()).act).toBe('unchanged');
    plain();
    expect((await agent.turn()).act).toBe('refreshed');
    expect([agent.read('trust.pem'), (await agent.status()).serial]).toEqual([environment, serial]);
  });

  it.each([
    ['no certificates', 'no PEM'],
    ['a certificate that is no root', makeTestHierarchy().leaf.pem],
  ])('are refused when the file holds %s, and everything stays', async (_what, content) => {
    const { agent, plain, trusting } = agentThatTrusts(content);
    plain();
    await agent.turn();
    const before = agent.inUse();
    trusting();
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'fileUnreadable' });
    expect(agent.inUse()).toBe(before);
  });

  it('are asked for before anything is done', async () => {
    const agent = rotatingAgent(service, temporaryFolder().path);
    agent.rewrite({ files: { folder: agent.files, alsoTrust: ['nowhere.pem'] } });
    await expect(agent.turn()).rejects.toMatchObject({ code: 'badConfiguration' });
  });
});
