/** One target against the real service: from nothing to a certificate, and from certificate to certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runProgram } from '../support/program-run.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const agentFor = (target: Readonly<Record<string, unknown>> = {}) =>
  rotatingAgent(service, temporaryFolder().path, target);

const serialIn = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();

describe('the first turn of a target', () => {
  it('enrols with the token and puts a whole set in use', async () => {
    const agent = agentFor();
    const report = await agent.turn();
    expect([report.act, report.detail]).toEqual(['enrolled', expect.stringContaining('no certificate yet')]);
    expect(agent.inUse()).toMatch(/^sets\/0001-[0-9a-f]{40}$/);
    const key = createPrivateKey(agent.read('key.pem'));
    expect(new X509Certificate(agent.read('cert.pem')).checkPrivateKey(key)).toBe(true);
    expect(agent.read('fullchain.pem')).toBe(agent.read('cert.pem') + agent.read('chain.pem'));
    expect(agent.read('crl.pem').match(/BEGIN X509 CRL/g)).toHaveLength(2);
    const mode = (name: string) => statSync(join(agent.files, 'current', name)).mode & 0o777;
    expect(['key.pem', 'cert.pem', 'trust.pem', 'crl.pem'].map(mode)).toEqual([0o600, 0o644, 0o644, 0o644]);
    expect(readdirSync(join(agent.files, '.privyseal'))).toEqual(['lock']);
  });

  it('is remembered for the status', async () => {
    const agent = agentFor();
    await agent.turn();
    const status = await agent.status();
    expect(status).toMatchObject({
      serial: serialIn(agent.read('cert.pem')),
      failures: 0,
      lastError: null,
      staged: null,
    });
    expect(Date.parse(status.nextAttemptAt!)).toBeGreaterThan(Date.now());
    expect(Date.parse(status.crlNextUpdate!)).toBeGreaterThan(Date.now());
  });

  it('with --dry-run says so and touches nothing', async () => {
    const agent = agentFor();
    const report = await agent.turn({ dryRun: true });
    expect([report.act, report.detail]).toEqual(['enrolled', expect.stringContaining('would enrol')]);
    expect(readdirSync(agent.folder)).toEqual(['privyseal-agent.yaml']);
  });
});

describe('a later turn', () => {
  it('changes nothing while the certificate is good', async () => {
    const agent = agentFor();
    await agent.turn();
    const before = agent.inUse();
    expect([(await agent.turn()).act, agent.inUse()]).toEqual(['unchanged', before]);
  });

  it('rotates as its own certificate when the time has come, with a new key', async () => {
    const agent = agentFor({ lifetimeSeconds: 3600 });
    await agent.turn();
    const [serial, key] = [serialIn(agent.read('cert.pem')), agent.read('key.pem')];
    agent.passSeconds(3400);
    const report = await agent.turn();
    expect([report.act, agent.inUse()]).toEqual(['rotated', expect.stringMatching(/^sets\/0002-/)]);
    expect(agent.read('key.pem')).not.toBe(key);
    const { body } = await service.admin(`/v1/certificates/${serialIn(agent.read('cert.pem'))}`);
    expect(JSON.parse(body.toString())).toMatchObject({ predecessor: serial, requestedBy: 'product:dev/demo' });
  });

  it('rotates a certificate for servers alone with the token, and says what that means', async () => {
    const agent = agentFor({ profile: 'server' });
    await agent.turn();
    expect(agent.log.map(({ message }) => message).join()).toContain('for servers alone');
    const serial = serialIn(agent.read('cert.pem'));
    expect(await agent.turn({ force: true })).toMatchObject({ act: 'rotated' });
    const { body } = await service.admin(`/v1/certificates/${serialIn(agent.read('cert.pem'))}`);
    expect(JSON.parse(body.toString())).toMatchObject({
      predecessor: serial,
      requestedBy: expect.stringMatching(/^token:/),
    });
  });

  it('reports the deployment of a certificate for servers alone with the token', async () => {
    const agent = agentFor({ profile: 'server' });
    await agent.turn();
    const { body } = await service.admin(`/v1/certificates/${serialIn(agent.read('cert.pem'))}/deployments`);
    expect(JSON.parse(body.toString()).items).toMatchObject([
      { outcome: 'deployed', reporter: expect.stringMatching(/^token:/) },
    ]);
    expect((await agent.status()).unreported).toBeNull();
  });

  it('rotates whenever it is asked to, and keeps the last three certificates', async () => {
    const agent = agentFor({ keep: 3 });
    await agent.turn();
    for (let turn = 0; turn < 4; turn++) expect((await agent.turn({ force: true })).act).toBe('rotated');
    expect(agent.sets().map((name) => name.slice(0, 4))).toEqual(['0003', '0004', '0005']);
    expect(agent.inUse()).toBe(`sets/${agent.sets().at(-1)}`);
  });

  it('enrols anew when the file asks for other names', async () => {
    const agent = agentFor();
    await agent.turn();
    agent.rewrite({ names: ['demo.dev.internal', 'www.demo.dev.internal'] });
    expect((await agent.turn()).act).toBe('enrolled');
    expect(new X509Certificate(agent.read('cert.pem')).subjectAltName).toContain('www.demo.dev.internal');
  });

  it('keeps what is in use when the service refuses', async () => {
    const agent = agentFor();
    await agent.turn();
    agent.rewrite({ names: ['demo.other.example'] });
    const detail = expect.stringContaining('demo.other.example: ');
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'rejectedIdentifier', detail });
    expect(agent.inUse()).toMatch(/^sets\/0001-/);
    expect(await agent.status()).toMatchObject({ failures: 1, lastError: { code: 'rejectedIdentifier' } });
  });

  it.each([
    ['names that the product has not', { names: ['demo.other.example'] }, 'rejectedIdentifier'],
    [
      'names without a token',
      { names: ['www.demo.dev.internal'], enrol: { tokenFile: '/nonexistent' } },
      'tokenMissing',
    ],
    ['a profile without a token', { profile: 'server', enrol: { tokenFile: '/nonexistent' } }, 'tokenMissing'],
  ])('rotates the certificate as it was when its time comes and the file asks for %s', async (_what, change, code) => {
    const agent = agentFor({ lifetimeSeconds: 3600 });
    await agent.turn();
    const before = new X509Certificate(agent.read('cert.pem'));
    agent.rewrite({ lifetimeSeconds: 3600, ...change });
    expect(await agent.turn()).toMatchObject({ act: 'failed', code });
    agent.passSeconds(3300);
    expect(await agent.turn()).toMatchObject({ act: 'rotated', status: { failures: 2, lastError: { code } } });
    const after = new X509Certificate(agent.read('cert.pem'));
    expect([after.subjectAltName, after.serialNumber]).toEqual([
      before.subjectAltName,
      expect.not.stringMatching(before.serialNumber),
    ]);
    agent.rewrite({ lifetimeSeconds: 3600, names: ['www.demo.dev.internal'] });
    expect(await agent.turn()).toMatchObject({ act: 'enrolled', status: { failures: 0, lastError: null } });
  });

  it('enrols with the token again when the certificate was revoked', async () => {
    const agent = agentFor();
    await agent.turn();
    const serial = serialIn(agent.read('cert.pem'));
    await service.public(`/v1/certificates/${serial}/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'superseded' }),
    });
    const report = await agent.turn();
    expect([report.act, report.detail]).toEqual(['enrolled', expect.stringContaining('revoked')]);
    expect(serialIn(agent.read('cert.pem'))).not.toBe(serial);
  });

  it('leaves a certificate on hold to operators, whatever it is asked for, and goes on when it is released', async () => {
    const agent = agentFor();
    await agent.turn();
    const serial = serialIn(agent.read('cert.pem'));
    await decide(serial, 'revoke', { reason: 'certificateHold' });
    for (const force of [false, true]) {
      expect(await agent.turn({ force })).toMatchObject({ act: 'failed', detail: expect.stringContaining('on hold') });
      expect(serialIn(agent.read('cert.pem'))).toBe(serial);
    }
    await decide(serial, 'release');
    expect(await agent.turn()).toMatchObject({ act: 'rotated', detail: expect.stringContaining('begun before') });
  });

  it('enrols anew once operators have revoked what they held, and not before, though it has expired', async () => {
    const agent = agentFor();
    await agent.turn();
    const serial = serialIn(agent.read('cert.pem'));
    await decide(serial, 'revoke', { reason: 'certificateHold' });
    agent.passSeconds(40 * 86_400);
    expect(await agent.turn()).toMatchObject({ act: 'failed' });
    expect(serialIn(agent.read('cert.pem'))).toBe(serial);
    agent.passSeconds(-40 * 86_400);
    await decide(serial, 'revoke', { reason: 'keyCompromise' });
    expect(await agent.turn()).toMatchObject({ act: 'enrolled' });
  });

  it('keeps lists fresh while its certificate is on hold', async () => {
    const agent = agentFor();
    await agent.turn();
    const before = agent.read('crl.pem');
    await decide(serialIn(agent.read('cert.pem')), 'revoke', { reason: 'certificateHold' });
    await vi.waitFor(
      async () => {
        expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'certificateHeld' });
        expect(agent.read('crl.pem')).not.toBe(before);
      },
      { timeout: 60_000, interval: 1000 },
    );
  });

  it('keeps for after the release what it has to report while its certificate is on hold', async () => {
    const files = { folder: 'tls', outputs: { 'trust.pem': {} } };
    const agent = agentFor({ files });
    await agent.turn();
    const serial = serialIn(agent.read('cert.pem'));
    await decide(serial, 'revoke', { reason: 'certificateHold' });
    agent.rewrite({ files: { ...files, alsoTrust: [service.path('trust/system.pem')] } });
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'certificateHeld' });
    await decide(serial, 'release');
    expect(await agent.turn()).toMatchObject({ act: 'unchanged' });
    const { body } = await service.admin(`/v1/certificates/${serial}/deployments`);
    expect(JSON.parse(body.toString()).items[0].trustSha256).toHaveLength(2);
    expect((await agent.status()).unreported).toBeNull();
  });
});

const decide = async (serial: string, act: 'revoke' | 'release', body?: object): Promise<void> => {
  const { status } = await service.admin(`/v1/certificates/${serial}/${act}`, {
    method: 'POST',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  expect(status).toBe(200);
};

describe('the verb', () => {
  it('tells what was done, and shows it as a table and as JSON', async () => {
    const agent = agentFor();
    const once = await runProgram(agent.folder, ['rotate', '-f', agent.file]);
    expect([once.code, once.stdout, once.stderr]).toEqual([0, expect.stringMatching(/^enrolled {3}web: /), '']);
    const status = await runProgram(agent.folder, ['rotate', 'status', '-f', agent.file]);
    expect([status.code, status.stdout]).toEqual([0, expect.stringMatching(/^TARGET .*\nweb {5}[0-9a-f]{40} {2}in /)]);
    const json = await runProgram(agent.folder, ['rotate', 'status', '-f', agent.file, '--json', 'web']);
    expect(JSON.parse(json.stdout)).toEqual({ targets: [await agent.status()] });
  });

  it('refuses a target that is not in the file, and ends with what stood in the way', async () => {
    const agent = agentFor();
    const unknown = await runProgram(agent.folder, ['rotate', '-f', agent.file, 'mail']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no target mail; the file has: web')]);
    agent.rewrite({ enrol: { tokenFile: 'none' } });
    const failed = await runProgram(agent.folder, ['rotate', '-f', agent.file]);
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('tokenMissing')]);
    expect((await runProgram(agent.folder, ['rotate', 'status', '-f', agent.file])).code).toBe(1);
  });
});

describe('a clock that is far ahead', () => {
  const files = { folder: 'tls', outputs: { 'key.pem': {}, 'cert.pem': {} } };

  it('has a certificate rotated once, not each new one at every turn, and is told of', async () => {
    const agent = rotatingAgent(service, temporaryFolder().path, { files });
    await agent.turn();
    agent.passSeconds(27 * 86_400);
    const { act, status } = await agent.turn();
    expect(act).toBe('rotated');
    const next = await agent.turn();
    expect(next).toMatchObject({ act: 'failed', code: 'clockAhead', status: { serial: status.serial } });
    agent.passSeconds(2 * 86_400);
    expect((await agent.turn()).act).toBe('rotated');
  });
});
