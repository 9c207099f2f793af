/** An answer that never came is asked for again, wherever the files belong by then and whatever key is asked for: no token, no second certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
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

/** `deafen` sends its requests to nobody, until the file is written again. */
function agentOf() {
  const { path } = temporaryFolder();
  const urls = { ...service.urls };
  const agent = rotatingAgent({ path: service.path, urls }, path);
  const rewrite = (target: object = {}): void => {
    urls.public = service.urls.public;
    agent.rewrite({ ...target });
  };
  const deafen = (): void => {
    urls.public = 'https://localhost:1';
    agent.rewrite({});
  };
  return { agent: { ...agent, rewrite }, deafen, path };
}

/** The service is given the request that the agent has kept, and answers the test instead of the agent. */
async function answerUnheard(agent: RotatingAgent): Promise<string> {
  expect((await agent.turn({ force: true })).code).toBe('connectionRefused');
  const own = join(agent.files, '.privyseal');
  const [pending] = readdirSync(own).filter((name) => name.startsWith('pending'));
  const { csr, idempotencyKey, predecessor } = JSON.parse(readFileSync(join(own, pending!, 'request.json'), 'utf8'));
  const answer = await service.public(`/v1/certificates${predecessor === null ? '' : `/${predecessor}/rotate`}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ csr }),
  });
  expect(answer.status).toBe(201);
  return JSON.parse(answer.body.toString()).serial;
}

/** Serial of the certificate in a folder, if the key beside it is its own. */
function pairIn(folder: string): string | undefined {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const certificate = new X509Certificate(read('cert.pem'));
  const fits = certificate.checkPrivateKey(createPrivateKey(read('key.pem')));
  return fits ? certificate.serialNumber.toLowerCase() : undefined;
}

const noToken = { enrol: { tokenFile: '/nonexistent/token' } };
const plain = { mode: 'replace', outputs: { 'key.pem': {}, 'cert.pem': {} } };

it.each([
  ['folder', 'elsewhere/current', { folder: 'elsewhere' }],
  ['mode', 'tls', { folder: 'tls', ...plain }],
  ['folder and mode', 'elsewhere', { folder: 'elsewhere', ...plain }],
])('to a rotation is asked for in another %s', async (_what, there, files) => {
  const { agent, deafen, path } = agentOf();
  await agent.turn();
  deafen();
  const successor = await answerUnheard(agent);
  agent.rewrite({ ...noToken, files });
  expect((await agent.turn({ dryRun: true })).act).toBe('rotated');
  expect(await agent.turn()).toMatchObject({ act: 'rotated', status: { serial: successor, failures: 0 } });
  expect(pairIn(join(path, there))).toBe(successor);
});

it('to a first enrolment is asked for in another folder, and takes no second use of the token', async () => {
  const { agent, deafen, path } = agentOf();
  deafen();
  const first = await answerUnheard(agent);
  agent.rewrite({ files: { folder: 'elsewhere' } });
  expect(await agent.turn()).toMatchObject({ act: 'enrolled', status: { serial: first } });
  expect(pairIn(join(path, 'elsewhere/current'))).toBe(first);
});

it.each([
  ['kind of key', { keyType: 'ec-p384' }],
  ['lifetime', { lifetimeSeconds: 3600 }],
])('to a rotation is asked for although the file asks for another %s by now', async (_what, wish) => {
  const { agent, deafen } = agentOf();
  await agent.turn();
  deafen();
  const successor = await answerUnheard(agent);
  agent.rewrite({ ...noToken, ...wish });
  expect(await agent.turn()).toMatchObject({ act: 'rotated', status: { serial: successor } });
});

it('that is a refusal ends the request: what the file asks for by then counts at once', async () => {
  const { agent } = agentOf();
  await agent.turn();
  agent.rewrite({ ...noToken, keyType: 'rsa-2048', lifetimeSeconds: 1 });
  expect(await agent.turn({ force: true })).toMatchObject({ act: 'failed', status: { failures: 1 } });
  agent.rewrite({ ...noToken, keyType: 'ec-p384' });
  expect((await agent.turn({ force: true })).act).toBe('rotated');
  const { asymmetricKeyDetails } = new X509Certificate(agent.read('cert.pem')).publicKey;
  expect(asymmetricKeyDetails).toMatchObject({ namedCurve: 'secp384r1' });
});
