/** A new set is told to its program and proven, or the one before is in use again. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { itWith } from '../support/judges.ts';
import { type RotatingAgent, rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { smallNginx } from '../support/small-nginx.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const serialIn = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();

const script = 'readlink "$PRIVYSEAL_FILES" >>"$0/told"; echo said so; exit "$(cat "$0/code")"';

/** With a hook that notes which set it was told of, and ends with the code in a file. */
function hookedAgent(target: Readonly<Record<string, unknown>> = {}) {
  const { path, write } = temporaryFolder();
  write('code', '0');
  const reload = { action: 'exec', command: ['/bin/sh', '-c', script, path] };
  const agent = rotatingAgent(service, path, { reload, ...target });
  return {
    agent,
    target: { reload },
    endWith: (code: number) => void write('code', String(code)),
    told: () => readFileSync(join(path, 'told'), 'utf8').trim().split('\n'),
  };
}

const deploymentsOf = async (serial: string): Promise<readonly Record<string, unknown>[]> => {
  const { body } = await service.admin(`/v1/certificates/${serial}/deployments`);
  return JSON.parse(body.toString()).items;
};

describe('a reload', () => {
  it('is told of the set in use, and the service of the deployment', async () => {
    const { agent, told } = hookedAgent();
    await agent.turn();
    expect(told()).toEqual([agent.inUse()]);
    const [deployment] = await deploymentsOf(serialIn(agent.read('cert.pem')));
    expect(deployment).toMatchObject({ outcome: 'deployed', target: expect.stringMatching(/\/web$/) });
    expect((await agent.status()).unreported).toBeNull();
  });

  it('that fails puts the set before in use, tells it again, and reports', async () => {
    const { agent, told, endWith } = hookedAgent();
    await agent.turn();
    const before = agent.inUse();
    endWith(7);
    const report = await agent.turn({ force: true });
    expect(report).toMatchObject({ act: 'failed', code: 'reloadFailed', detail: expect.stringContaining('said so') });
    expect([agent.inUse(), told().length, told().at(-1)]).toEqual([before, 3, before]);
    const status = await agent.status();
    expect(status).toMatchObject({ failures: 1, staged: { previous: before.slice('sets/'.length) }, unreported: null });
    const [deployment] = await deploymentsOf(status.staged!.set.slice(5));
    expect(deployment).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('said so') });
  });

  it('that writes secrets has them nowhere in the log, the state file or the report', async () => {
    const { path, write } = temporaryFolder();
    write('code', '0');
    const traced =
      'set -x; : "$(cat "$PRIVYSEAL_FILES/store-password")"; cat "$PRIVYSEAL_FILES/key.pem"; exit "$(cat "$0/code")"';
    const reload = { action: 'exec', command: ['/bin/sh', '-c', traced, path] };
    const outputs = { 'key.pem': {}, 'store-password': {} };
    const agent = rotatingAgent(service, path, { reload, files: { folder: join(path, 'tls'), outputs } });
    await agent.turn();
    write('code', '1');
    const report = await agent.turn({ force: true });
    expect(report).toMatchObject({ code: 'reloadFailed', detail: expect.stringContaining('(private key left out)') });
    const status = await agent.status();
    const { body } = await service.admin(`/v1/certificates/${status.staged!.set.slice(5)}/deployments`);
    const told = JSON.stringify([report, status, agent.log, body.toString()]);
    const keys = readdirSync(join(path, 'tls/sets')).map((set) => readFileSync(join(path, 'tls/sets', set, 'key.pem')));
    const secrets = [
      agent.read('store-password'),
      ...keys.flatMap((key) => key.toString().trim().split('\n').slice(1, -1)),
    ];
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  });

  it('is tried again with the same certificate, not with another one', async () => {
    const { agent, endWith } = hookedAgent();
    await agent.turn();
    endWith(1);
    await agent.turn({ force: true });
    const { staged } = await agent.status();
    await agent.turn();
    expect((await agent.status()).failures).toBe(2);
    endWith(0);
    const report = await agent.turn();
    expect([report.act, agent.inUse()]).toEqual(['activated', `sets/${staged!.set}`]);
    expect(await agent.status()).toMatchObject({ failures: 0, staged: null, lastError: null });
  });

  it('that fails with a first certificate leaves that in use: there is no other', async () => {
    const { agent, endWith } = hookedAgent();
    endWith(1);
    const report = await agent.turn();
    expect([report.act, report.detail]).toEqual(['enrolled', expect.stringContaining('has not taken it yet')]);
    expect(agent.inUse()).toMatch(/^sets\/0001-/);
    const serial = serialIn(agent.read('cert.pem'));
    expect(await agent.status()).toMatchObject({ serial, failures: 1, lastError: { code: 'reloadFailed' } });
    endWith(0);
    expect((await agent.turn()).act).toBe('activated');
  });
});

it('goes back to no certificate that has expired', async () => {
  const { agent, target, endWith } = hookedAgent({ lifetimeSeconds: 300 });
  await agent.turn();
  agent.rewrite(target);
  endWith(1);
  agent.passSeconds(301);
  const report = await agent.turn({ force: true });
  expect([report.code, agent.inUse()]).toEqual(['reloadFailed', expect.stringMatching(/^sets\/0002-/)]);
  expect((await agent.status()).serial).toBe(serialIn(agent.read('cert.pem')));
  endWith(0);
  expect(await agent.turn()).toMatchObject({ act: 'activated', status: { failures: 0, staged: null } });
});

describe('a proof', () => {
  itWith('nginx', 'shows the certificate that nginx serves after its reload', async () => {
    const { agent, serve } = await nginxAgent();
    await agent.turn();
    await serve();
    const report = await agent.turn({ force: true });
    expect([report.act, report.detail]).toEqual(['rotated', expect.anything()]);
    const serial = serialIn(agent.read('cert.pem'));
    expect((await agent.status()).lastProof).toMatchObject({ outcome: 'proved', serial });
    const [deployment] = await deploymentsOf(serial);
    expect(deployment).toMatchObject({ outcome: 'proved', servedSerial: serial });
    expect(deployment!.trustSha256).toHaveLength(1);
  });

  itWith('nginx', 'that fails puts the set before in use, although the reload went well', async () => {
    const { agent, serve, port } = await nginxAgent();
    await agent.turn();
    await serve();
    await agent.turn();
    const before = agent.inUse();
    agent.rewrite({ ...agent.target, reload: undefined, proof: { ...proofAt(port), withinSeconds: 1 } });
    const report = await agent.turn({ force: true });
    expect([report.code, agent.inUse()]).toEqual(['proofFailed', before]);
    expect((await agent.status()).lastProof).toMatchObject({
      outcome: 'failed',
      serial: serialIn(agent.read('cert.pem')),
    });
  });

  it('that is added later is made at once, reported, and made again only if it failed', async () => {
    const { agent, target } = hookedAgent();
    await agent.turn();
    const serial = serialIn(agent.read('cert.pem'));
    const port = await freePort();
    agent.rewrite({ ...target, proof: { ...proofAt(port), withinSeconds: 1 } });
    expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'proofFailed', status: { failures: 1, serial } });
    expect(await deploymentsOf(serial)).toMatchObject([{ outcome: 'failed' }]);
    const server = await serverOf(agent, port);
    expect(await agent.turn()).toMatchObject({
      act: 'activated',
      status: { lastProof: { outcome: 'proved', serial } },
    });
    expect(await deploymentsOf(serial)).toMatchObject([{ outcome: 'proved', servedSerial: serial }]);
    const before = server.handshakes();
    expect([(await agent.turn()).act, server.handshakes()]).toEqual(['unchanged', before]);
  });

  it.each([
    ['asks for another name', { serverName: 'other.dev.internal' }, 'failed'],
    ['shows a certificate', { client: 'own' }, 'activated'],
  ])('that %s from now on is made anew', async (_what, change, act) => {
    const { agent, target } = hookedAgent();
    await agent.turn();
    const { port } = await serverOf(agent);
    const proof = { ...proofAt(port), withinSeconds: 1 };
    agent.rewrite({ ...target, proof });
    expect([(await agent.turn()).act, (await agent.turn()).act]).toEqual(['activated', 'unchanged']);
    agent.rewrite({ ...target, proof: { ...proof, ...change } });
    expect((await agent.turn()).act).toBe(act);
  });

  it('at a port where nobody listens fails, and says where', async () => {
    const port = await freePort();
    const { agent } = hookedAgent({ proof: { ...proofAt(port), withinSeconds: 1 } });
    await agent.turn();
    const { lastError } = await agent.status();
    expect(lastError).toMatchObject({ code: 'proofFailed', message: expect.stringContaining(String(port)) });
  });
});

const proofAt = (port: number) => ({ host: '127.0.0.1', port, serverName: 'demo.dev.internal' });

/** Serves the certificate in use for as long as the test takes. */
async function serverOf(agent: RotatingAgent, wantedPort = 0) {
  const server = createServer({ key: agent.read('key.pem'), cert: agent.read('fullchain.pem') });
  let handshakes = 0;
  server.on('secureConnection', () => void handshakes++);
  await once(server.listen(wantedPort, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, handshakes: () => handshakes };
}

/** An nginx that reads its files through the link; `serve` starts it, once they are there. */
async function nginxAgent() {
  const { path } = temporaryFolder();
  const nginx = await smallNginx();
  const files = join(path, 'tls');
  const written = readFileSync(nginx.configFile, 'utf8');
  const pointed = written
    .replace('tls.crt', `${files}/current/fullchain.pem`)
    .replace('tls.key', `${files}/current/key.pem`);
  writeFileSync(nginx.configFile, pointed);
  const { configFile, pidFile, errorLog, port } = nginx;
  const reload = { action: 'nginx', configFile, pidFile, errorLog, prefix: join(configFile, '..') };
  const target = { reload, proof: proofAt(port) };
  const agent = rotatingAgent(service, path, target);
  return { agent: { ...agent, target }, port, serve: () => nginx.start() };
}
