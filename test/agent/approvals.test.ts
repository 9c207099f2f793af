/** A request that operators have to approve: asked once, collected when it is approved, and never in the way of what is in use. */
import { chmodSync, cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { itWith } from '../support/judges.ts';
import { rawProfile } from '../support/policy-builders.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

describe('a request that waits for approval', () => {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await service.admin(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return JSON.parse(answer.body.toString());
  };
  let token: string;
  beforeAll(async () => {
    await post('/v1/profiles', { environment: 'dev', ...rawProfile({ name: 'guarded', approvals: 1 }) });
    const narrow = {
      name: 'narrow',
      extendedKeyUsage: ['serverAuth', 'clientAuth'],
      lifetimeSeconds: { minimum: 3600, default: 30 * 86_400, maximum: 30 * 86_400 },
      keys: { kinds: ['ec-p256'], rsaMinimumBits: 2048 },
    };
    await post('/v1/profiles', { environment: 'dev', ...rawProfile(narrow) });
    await post('/v1/products', {
      environment: 'dev',
      name: 'guarded',
      nameRules: ['a.guarded'],
      profiles: ['guarded', 'narrow', 'peer'],
    });
    token = (await post('/v1/tokens', { product: 'dev/guarded', uses: 100 })).token;
  });

  function guardedAgent(override: object = {}) {
    const { path, write } = temporaryFolder();
    const tokenFile = write('token', token);
    chmodSync(tokenFile, 0o600);
    const target = {
      ...{ product: 'dev/guarded', names: ['a.guarded'], profile: 'guarded', enrol: { tokenFile } },
      ...override,
    };
    const agent = rotatingAgent(service, path, target);
    return { ...agent, askFor: (change: object) => agent.rewrite({ ...target, ...change }) };
  }

  /** Nothing to wait for, and without lists, which are over when the agent's clock is ahead. */
  const open = {
    profile: 'peer',
    files: { folder: 'tls', outputs: { 'key.pem': {}, 'fullchain.pem': {}, 'trust.pem': {} } },
  };
  const approve = (id: string | null) => post(`/v1/requests/${id}/approve`, {});
  const pending = (agent: { readonly files: string }): string[] =>
    readdirSync(join(agent.files, '.privyseal')).filter((name) => name.startsWith('pending'));

  it('is asked for at each turn, and brings the certificate once it is approved', async () => {
    const agent = guardedAgent();
    expect((await agent.turn()).act).toBe('waiting');
    const { waitingFor } = await agent.status();
    expect([(await agent.turn()).act, (await agent.status()).waitingFor]).toEqual(['waiting', waitingFor]);
    await approve(waitingFor);
    expect((await agent.turn()).act).toBe('enrolled');
    expect((await agent.status()).waitingFor).toBeNull();
  });

  itWith('openssl', 'keeps no CRL from coming in meanwhile', async () => {
    const agent = guardedAgent();
    await agent.turn();
    await approve((await agent.status()).waitingFor);
    expect((await agent.turn()).act).toBe('enrolled');
    expect((await agent.turn({ force: true })).act).toBe('waiting');
    const [serial, crl] = [(await agent.status()).serial, agent.read('crl.pem')];
    const folder = temporaryFolder().path;
    const revoked = await issueCertificate(service, folder, { name: 'gone-too', profile: 'client' });
    await revokeCertificate(service, revoked.serial);
    const waited = async () => ((await agent.turn({ force: true })).act === 'waiting' ? agent.read('crl.pem') : crl);
    await expect.poll(waited, { timeout: 20_000, interval: 200 }).not.toBe(crl);
    expect((await agent.status()).serial).toBe(serial);
  });

  it('for the next certificate is waited for, whatever the file says since: operators are asked once', async () => {
    const agent = guardedAgent();
    await agent.turn();
    await approve((await agent.status()).waitingFor);
    expect((await agent.turn()).act).toBe('enrolled');
    expect((await agent.turn({ force: true })).act).toBe('waiting');
    const { waitingFor } = await agent.status();
    agent.askFor({ names: ['not.the.products'] });
    const failing = { waitingFor, lastError: { code: 'rejectedIdentifier' } };
    for (const _turn of [1, 2]) expect(await agent.turn()).toMatchObject({ act: 'waiting', status: failing });
    await approve(waitingFor);
    expect((await agent.turn()).act).toBe('rotated');
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'rejectedIdentifier' });
  });

  it('that is denied is told of, and asked for anew', async () => {
    const agent = guardedAgent();
    await agent.turn();
    const { waitingFor } = await agent.status();
    await post(`/v1/requests/${waitingFor}/deny`, { comment: 'not today' });
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'requestEnded' });
    expect((await agent.status()).waitingFor).toBeNull();
    expect((await agent.turn()).act).toBe('waiting');
    expect((await agent.status()).waitingFor).not.toBe(waitingFor);
  });

  it('whose certificate was revoked before the agent came for it is asked for anew, and never used', async () => {
    const agent = guardedAgent();
    const { waitingFor } = (await agent.turn()).status;
    const { serial } = await approve(waitingFor);
    await revokeCertificate(service, serial);
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'requestEnded', status: { waitingFor: null } });
    expect(pending(agent)).toEqual([]);
    await approve((await agent.turn()).status.waitingFor);
    expect((await agent.turn()).act).toBe('enrolled');
  });

  it('for another profile keeps nobody from rotating what is in use when its time comes', async () => {
    const agent = guardedAgent(open);
    const first = (await agent.turn()).status.serial;
    agent.askFor({ profile: 'guarded' });
    const asked = await agent.turn();
    expect(asked).toMatchObject({ act: 'waiting', status: { serial: first } });
    const { waitingFor } = asked.status;

    agent.passSeconds(26 * 86_400);
    const rotated = await agent.turn();
    expect(rotated).toMatchObject({ act: 'rotated', status: { waitingFor, failures: 0 } });
    expect(rotated.detail).toContain(`although the profile in the file changed: request ${waitingFor} waits`);
    expect(rotated.status.serial).not.toBe(first);
    expect(await agent.turn()).toMatchObject({ act: 'waiting', status: { waitingFor, serial: rotated.status.serial } });

    await approve(waitingFor);
    expect(await agent.turn()).toMatchObject({ act: 'enrolled', status: { waitingFor: null } });
    expect(pending(agent)).toEqual([]);
  });

  it('for another profile, lifetime and kind of key leaves what is in use those that its own profile allows', async () => {
    const agent = guardedAgent({ ...open, profile: 'narrow' });
    await agent.turn();
    agent.askFor({ ...open, profile: 'guarded', lifetimeSeconds: 60 * 86_400, keyType: 'ec-p384' });
    expect((await agent.turn()).act).toBe('waiting');
    agent.passSeconds(26 * 86_400);
    expect(await agent.turn()).toMatchObject({ act: 'rotated', status: { failures: 0 } });
    expect((await agent.turn()).act).toBe('waiting');
  });

  it('goes along to another folder, and back again to the one of before', async () => {
    const agent = guardedAgent(open);
    await agent.turn();
    const move = (folder: string) => agent.askFor({ profile: 'guarded', files: { ...open.files, folder } });
    move('elsewhere');
    const { waitingFor } = (await agent.turn()).status;
    expect(waitingFor).not.toBeNull();
    move('tls');
    expect(await agent.turn()).toMatchObject({ act: 'waiting', status: { waitingFor } });
    await approve(waitingFor);
    expect((await agent.turn()).act).toBe('enrolled');
    expect(pending(agent)).toEqual([]);
  });

  it('is given up once the file asks for what is in use again', async () => {
    const agent = guardedAgent(open);
    await agent.turn();
    agent.askFor({ profile: 'guarded' });
    expect((await agent.turn()).act).toBe('waiting');
    expect(pending(agent)).toEqual(['pending-enrol']);
    agent.askFor({ profile: 'peer' });
    expect(await agent.turn()).toMatchObject({ act: 'unchanged', status: { waitingFor: null } });
    expect(pending(agent)).toEqual([]);
  });

  it('for a first certificate is asked for once, although a rotation is refused before it at each turn', async () => {
    const agent = guardedAgent();
    await approve((await agent.turn()).status.waitingFor);
    expect((await agent.turn()).act).toBe('enrolled');
    // Other hands rotate a copy of it: the certificate has a successor that nobody here has the key of.
    const copy = rotatingAgent(service, temporaryFolder().path);
    cpSync(agent.folder, copy.folder, { recursive: true, verbatimSymlinks: true });
    await approve((await copy.turn({ force: true })).status.waitingFor);
    expect((await copy.turn()).act).toBe('rotated');

    const { waitingFor } = (await agent.turn({ force: true })).status;
    expect(waitingFor).not.toBeNull();
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'waiting', status: { waitingFor } });
    await approve(waitingFor);
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'rotated', status: { waitingFor: null } });
    expect(pending(agent)).toEqual([]);
  });
});
