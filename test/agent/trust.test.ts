/** Roots and CRLs come in only by who is trusted already; what is forged or unreachable changes nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { issueCertificate, revokeCertificate } from '../support/issued-certificate.ts';
import { itWith } from '../support/judges.ts';
import { type RotatingAgent, rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { startStubService } from '../support/stub-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { makeTestHierarchy } from '../support/test-hierarchy.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

const agentFor = (target: Readonly<Record<string, unknown>> = {}) =>
  rotatingAgent(service, temporaryFolder().path, target);

/** A distribution face of somebody else's. */
async function distributionOf(respond: (path: string) => Promise<Buffer | undefined>): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = await respond(request.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The same agent, told of other addresses. */
const movedTo = (agent: RotatingAgent, urls: object, path = service.path): RotatingAgent =>
  rotatingAgent({ path, urls: { ...service.urls, ...urls } }, agent.folder);

describe('CRLs', () => {
  itWith('openssl', 'are new in a set of the same certificate soon after a revocation', async () => {
    const agent = agentFor();
    await agent.turn();
    const [serial, crl] = [(await agent.status()).serial, agent.read('crl.pem')];
    const folder = temporaryFolder().path;
    const revoked = await issueCertificate(service, folder, { name: 'gone', profile: 'client' });
    await revokeCertificate(service, revoked.serial);
    await expect.poll(async () => (await agent.turn()).act, { timeout: 20_000, interval: 200 }).toBe('refreshed');
    expect(agent.read('crl.pem')).not.toBe(crl);
    expect([(await agent.status()).serial, agent.inUse()]).toEqual([serial, `sets/0002-${serial}`]);
  });

  it.each([
    ['of another authority', (path: string) => service.distribution(path.replace('dev-issuing', 'dev-root'))],
    ['that are none', async () => ({ body: Buffer.from('<html>') })],
  ])('%s are refused, and those of before stay', async (_what, answer) => {
    const agent = agentFor();
    await agent.turn();
    const before = [agent.inUse(), agent.read('crl.pem')];
    const forged = await distributionOf(async (path) => (await answer(path)).body);
    const report = await movedTo(agent, { distribution: forged }).turn();
    expect([report.code, agent.inUse(), agent.read('crl.pem')]).toEqual(['crlUnusable', ...before]);
  });

  itWith('openssl', 'from before a revocation do not come back, whoever gives them out again', async () => {
    const agent = agentFor();
    await agent.turn();
    const lists = await Promise.all(
      ['dev-root', 'dev-issuing'].map((name) => service.distribution(`/crl/${name}.crl`)),
    );
    const replayed = await distributionOf(async (path) => lists[path.includes('root') ? 0 : 1]!.body);
    const folder = temporaryFolder().path;
    const revoked = await issueCertificate(service, folder, { name: 'replayed', profile: 'client' });
    await revokeCertificate(service, revoked.serial);
    await expect.poll(async () => (await agent.turn()).act, { timeout: 20_000, interval: 200 }).toBe('refreshed');
    const [inUse, crl] = [agent.inUse(), agent.read('crl.pem')];
    const away = movedTo(agent, { distribution: replayed });
    expect((await away.turn()).act).toBe('unchanged');
    expect([away.inUse(), away.read('crl.pem')]).toEqual([inUse, crl]);
    expect(away.log.map(({ message }) => message).join()).toContain('older CRL');
    expect((await away.turn({ force: true })).act).toBe('rotated');
    expect(away.read('crl.pem')).toBe(crl);
  });

  it('from ahead of this machine’s clock, by which programs refuse everybody, are told of until it is set', async () => {
    const agent = agentFor();
    await agent.turn();
    agent.passSeconds(-600);
    expect(await agent.turn()).toMatchObject({ code: 'crlUnusable', detail: expect.stringContaining('Set the clock') });
    agent.passSeconds(600);
    expect((await agent.turn()).act).toBe('unchanged');
  });

  it('that cannot be fetched keep nothing from rotating, but are told of', async () => {
    const agent = agentFor();
    await agent.turn();
    const away = movedTo(agent, { distribution: await distributionOf(async () => undefined) });
    expect(await away.turn()).toMatchObject({ act: 'failed', code: 'crlMissing' });
    const [crl, certificate] = [agent.read('crl.pem'), agent.read('cert.pem')];
    expect((await away.turn({ force: true })).act).toBe('rotated');
    expect(agent.read('cert.pem')).not.toBe(certificate);
    expect([agent.read('crl.pem'), away.log.map(({ message }) => message).join()]).toEqual([
      crl,
      expect.stringContaining('CRLs stay as they were'),
    ]);
  });

  it('are fetched only for who wants them', async () => {
    const files = { folder: 'tls', outputs: { 'key.pem': {}, 'fullchain.pem': {} } };
    const away = { ...service.urls, distribution: 'http://127.0.0.1:1' };
    const agent = rotatingAgent({ path: service.path, urls: away }, temporaryFolder().path, { files });
    expect((await agent.turn()).act).toBe('enrolled');
    expect((await agent.status()).crlNextUpdate).toBeNull();
  });
});

/** A service with a certificate of its own that answers as the real one does, but for what `change` makes of it. */
async function imitation(agent: RotatingAgent, change: (path: string, text: string) => string) {
  const { serial } = await agent.status();
  const paths = [
    `/v1/renewal-info/${serial}`,
    '/v1/authorities',
    '/v1/trust-bundles/dev.pem',
    '/v1/trust-bundles/system.pem',
  ];
  const answers = new Map<string, { mediaType: string; body: string }>();
  for (const path of paths) {
    const { headers, body } = await service.public(path);
    answers.set(path, { mediaType: String(headers['content-type']), body: change(path, body.toString()) });
  }
  const stub = await startStubService(({ path }) => answers.get(path) ?? { status: 404, body: 'none' });
  const { write } = temporaryFolder();
  const ca = write('stub.pem', stub.caPem);
  const path = (name: string): string => (name === 'trust/system.pem' ? ca : service.path(name));
  return { stub, moved: () => movedTo(agent, { public: stub.baseUrl }, path) };
}

describe('roots', () => {
  const { root } = makeTestHierarchy();

  it('that a trusted service adds make a new set, and are named in the log', async () => {
    const agent = agentFor();
    await agent.turn();
    const added = (path: string, text: string) => (path.endsWith('/dev.pem') ? text + root.pem : text);
    const { moved } = await imitation(agent, added);
    const later = moved();
    expect((await later.turn()).act).toBe('refreshed');
    expect(agent.read('trust.pem').match(/BEGIN CERT/g)).toHaveLength(2);
    expect(later.log.map(({ message }) => message).join()).toContain('roots changed: + ');
  });

  it('are refused when the service is not the one that is trusted, loudly, and everything stays', async () => {
    const agent = agentFor();
    await agent.turn();
    const before = agent.inUse();
    const { stub } = await imitation(agent, (_path, text) => text + root.pem);
    // What is trusted is the real service's root, not the imitation's.
    const report = await movedTo(agent, { public: stub.baseUrl }).turn();
    expect([report.act, report.code, agent.inUse()]).toEqual(['failed', 'notTrusted', before]);
    expect(stub.requests).toEqual([]);
    expect((await agent.status()).lastError).toMatchObject({ code: 'notTrusted' });
  });

  it('of the service itself are trusted once a trusted service has told of them', async () => {
    const agent = agentFor();
    await agent.turn();
    // The imitation is trusted by its own CA, and says that the real service's root is one of its roots from now on.
    const { moved, stub } = await imitation(agent, (_path, text) => text);
    await moved().turn();
    const { write } = temporaryFolder();
    const ca = write('stub.pem', stub.caPem);
    const path = (name: string): string => (name === 'trust/system.pem' ? ca : service.path(name));
    // At the real address, with the imitation's CA as the file: only what was learned can let this in.
    expect((await movedTo(agent, {}, path).turn()).act).not.toBe('failed');
    const other = write('other.pem', root.pem);
    const replaced = (name: string): string => (name === 'trust/system.pem' ? other : service.path(name));
    expect((await movedTo(agent, {}, replaced).turn()).code).toBe('notTrusted');
  });
});
