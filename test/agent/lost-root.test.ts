/** After the key of an authority is lost nobody waits for a campaign to have a certificate that is believed. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWith, run } from '../support/judges.ts';
import { type RotatingAgent, rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

async function enrolled(target = {}): Promise<RotatingAgent> {
  const agent = rotatingAgent(service, temporaryFolder().path, target);
  expect((await agent.turn()).act).toBe('enrolled');
  expect((await agent.turn()).act).toBe('unchanged');
  return agent;
}

async function compromise(name: string): Promise<void> {
  const body = JSON.stringify({ reason: 'the key was found in a log' });
  const headers = { 'content-type': 'application/json' };
  const declared = await service.admin(`/v1/authorities/${name}/compromise`, { method: 'POST', headers, body });
  expect([declared.status, declared.body.toString()]).toEqual([200, expect.stringContaining('dev-issuing.')]);
}

/** As a server that checks every list of the path judges the certificate of another. */
async function judgedBy(judge: RotatingAgent, peer: RotatingAgent): Promise<string> {
  const of = ({ files }: RotatingAgent, name: string): string => join(files, 'current', name);
  const trust = ['-CAfile', of(judge, 'trust.pem'), '-CRLfile', of(judge, 'crl.pem'), '-crl_check_all'];
  const { stdout, stderr } = await run('openssl', [
    ...['verify', ...trust],
    ...['-untrusted', of(peer, 'chain.pem'), of(peer, 'cert.pem')],
  ]);
  return `${stdout}${stderr}`;
}

describe('the loss of the key of', () => {
  itWith(
    'openssl',
    'an issuing authority leads to a certificate of the next one with the lists that name it, and to no further one',
    async () => {
      const [agent, peer] = [await enrolled(), await enrolled()];
      const withoutLists = await enrolled({
        files: { folder: 'tls', outputs: { 'key.pem': {}, 'fullchain.pem': {} } },
      });
      await compromise('dev-issuing');
      expect(await agent.turn()).toMatchObject({ act: 'rotated', detail: expect.stringContaining('is revoked') });
      expect(await judgedBy(agent, peer)).toContain('certificate revoked');
      expect((await peer.turn()).act).toBe('rotated');
      expect([await judgedBy(agent, peer), await judgedBy(peer, agent)]).toEqual([
        expect.stringContaining(': OK'),
        expect.stringContaining(': OK'),
      ]);
      expect([(await agent.turn()).act, (await withoutLists.turn()).act]).toEqual(['unchanged', 'unchanged']);
    },
  );

  it('a root leads to a certificate under the new root at the next turn, and to no further one', async () => {
    const agent = await enrolled();
    const oldRoot = agent.read('trust.pem');
    await compromise('dev-root');
    expect(await agent.turn()).toMatchObject({ act: 'rotated', detail: expect.stringContaining('vouches') });
    const [root] = [agent.read('trust.pem'), agent.read('chain.pem')].map((pem) => new X509Certificate(pem));
    expect(agent.read('trust.pem')).not.toBe(oldRoot);
    expect(new X509Certificate(agent.read('chain.pem')).verify(root!.publicKey)).toBe(true);
    expect((await agent.turn()).act).toBe('unchanged');
  });

  it('`system`, while it is not replaced yet, keeps nobody from a certificate or from newer lists', async () => {
    const agent = await enrolled();
    // As a restore leaves it that finds on a list that it was compromised after the backup.
    await service.stop();
    const database = new Database(service.path('privyseal.db'));
    database.exec("UPDATE authority_generations SET is_compromised = 1 WHERE authority = 'system'");
    database.close();
    const before = service;
    service = await startService({ home: before.home, ports: before.ports });
    try {
      expect((await service.public('/v1/trust-bundles/system')).status).toBe(404);
      expect((await agent.turn()).act).not.toBe('failed');
      expect((await agent.turn({ force: true })).act).toBe('rotated');
      expect((await enrolled()).read('trust.pem')).toBe(agent.read('trust.pem'));
    } finally {
      await service.stop();
      service = before;
    }
  });
});
