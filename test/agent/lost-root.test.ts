/** After a root's key is lost nobody waits for a campaign to have a certificate that is believed. */
import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('leads to a certificate under the new root at the next turn, and to no further one', async () => {
  const service = await startService();
  try {
    const agent = rotatingAgent(service, temporaryFolder().path);
    expect((await agent.turn()).act).toBe('enrolled');
    expect((await agent.turn()).act).toBe('unchanged');
    const oldRoot = agent.read('trust.pem');
    const body = JSON.stringify({ reason: 'the key was found in a log' });
    const headers = { 'content-type': 'application/json' };
    const declared = await service.admin('/v1/authorities/dev-root/compromise', { method: 'POST', headers, body });
    expect([declared.status, declared.body.toString()]).toEqual([200, expect.stringContaining('dev-issuing.2')]);

    expect(await agent.turn()).toMatchObject({ act: 'rotated', detail: expect.stringContaining('vouches') });
    const [root] = [agent.read('trust.pem'), agent.read('chain.pem')].map((pem) => new X509Certificate(pem));
    expect(agent.read('trust.pem')).not.toBe(oldRoot);
    expect(new X509Certificate(agent.read('chain.pem')).verify(root!.publicKey)).toBe(true);
    expect((await agent.turn()).act).toBe('unchanged');
  } finally {
    await service.dispose();
  }
});
