/** The service's own authority rotates while operators and clients go on: over real mutual TLS, with old and new trust. */
import { X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RotationJson } from '../../src/api/authority-rotation.ts';
import type { Exchange } from '../support/http-exchange.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { runProgram } from '../support/program-run.ts';
import { rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let service: RunningService;
/** What clients had before anything changed. */
let oldTrust: string;
beforeAll(async () => {
  service = await startService({ readyWithinMs: 100_000 });
  oldTrust = service.read('trust/system.pem');
}, 120_000);
afterAll(() => service.dispose());

const rotation = '/v1/authorities/system/rotation';
const bodyOf = <T>({ body }: Exchange): T => JSON.parse(body.toString()) as T;

async function post(path: string, json: object, more: object = {}): Promise<Exchange> {
  const headers = { 'content-type': 'application/json' };
  return service.admin(path, { method: 'POST', headers, body: JSON.stringify(json), ...anew(), ...more });
}

/** Steps wait for what the service does by itself within a second or so. */
async function advance(json: object = {}): Promise<RotationJson['state']> {
  const answers: Exchange[] = [];
  const step = async (): Promise<number | undefined> => {
    answers.push(await post(`${rotation}/advance`, json));
    return answers.at(-1)?.status;
  };
  await expect.poll(step, { timeout: 60_000, interval: 300 }).toBe(200);
  return bodyOf<RotationJson>(answers.at(-1)!).state;
}

/** A connection and a session of its own: what is kept alive proves nothing about a handshake. */
const anew = () => ({ agent: new Agent({ keepAlive: false, maxCachedSessions: 0 }) });

const statusOf = async (answer: Promise<Exchange>): Promise<number> => (await answer).status;

it('locks nobody out, at any step', async () => {
  const oldOperator = { cert: service.read('admin/admin.crt'), key: service.read('admin/admin.key') };
  /** An operator and a product who know only the old root, and those who know the roots of now. */
  const everybody = async (): Promise<number[]> => [
    await statusOf(service.admin('/v1/status', { ...oldOperator, ca: oldTrust, ...anew() })),
    await statusOf(service.admin('/v1/status', { ...oldOperator, ...anew() })),
    await statusOf(service.public('/v1/certificates?limit=1', { ca: oldTrust, ...anew() })),
    await statusOf(service.public('/v1/certificates?limit=1', anew())),
  ];
  const before = await everybody();
  const agent = rotatingAgent(service, temporaryFolder().path);
  expect((await agent.turn()).act).toBe('enrolled');
  expect(before.slice(0, 2)).toEqual([200, 200]);

  expect(await statusOf(post(rotation, {}))).toBe(201);
  expect(await everybody()).toEqual(before);
  expect(await advance()).toBe('trusted');
  expect(await advance()).toBe('issuing');
  expect(await everybody()).toEqual(before);
  // Its own servers show the new key, which clients with the old root believe over the cross.
  expect(await advance()).toBe('retiring');
  expect(await everybody()).toEqual(before);

  const inTheWay = async (): Promise<(string | undefined)[]> => {
    const { reasons } = bodyOf<{ reasons: { message: string }[] }>(await post(`${rotation}/advance`, {}));
    return reasons.map(({ message }) => message);
  };
  const unmoved = 'operatorsMoved: operator admin';
  expect(await inTheWay()).toEqual([unmoved, expect.stringMatching(/^serviceRootLearned: dev\/demo: 1 of 1 targets/)]);
  // An agent with nothing else to do tells that it has learnt the new root.
  expect((await agent.turn()).act).toBe('unchanged');
  expect(await inTheWay()).toEqual([unmoved]);

  const { csrPem, privateKeyPem } = makeKeyRequest([]);
  const renewed = await post('/v1/operators/admin/certificates', { csr: csrPem });
  expect([renewed.status, renewed.body.toString()]).toEqual([201, expect.stringContaining('BEGIN CERTIFICATE')]);
  const { certificate } = bodyOf<{ certificate: string }>(renewed);
  const newOperator = { cert: certificate, key: privateKeyPem };
  expect(await statusOf(service.admin('/v1/status', { ...newOperator, ...anew() }))).toBe(200);

  expect(await statusOf(post(`${rotation}/advance`, {}, newOperator))).toBe(200);
  const [root, ...more] = service.read('trust/system.pem').match(/-----BEGIN[\s\S]+?END CERTIFICATE-----\n/g) ?? [];
  expect(more).toEqual([]);
  expect(new X509Certificate(root!).fingerprint256).not.toBe(new X509Certificate(oldTrust).fingerprint256);
  expect(await statusOf(service.admin('/v1/status', { ...newOperator, ...anew() }))).toBe(200);
  // Once the cross is gone from the chain, who has not learned the new root is told nothing else.
  await expect
    .poll(
      () => statusOf(service.admin('/v1/status', { ...newOperator, ca: oldTrust, ...anew() })).catch(() => 'refused'),
      {
        timeout: 60_000,
        interval: 300,
      },
    )
    .toBe('refused');

  await service.stop();
  const again = await startService({ home: service.home, ports: service.ports, readyWithinMs: 100_000 });
  try {
    expect(await statusOf(again.admin('/v1/status', { ...newOperator, ...anew() }))).toBe(200);
    // What was signed by a key that the old root certified is still believed.
    expect(await runProgram(service.home, ['audit', 'verify'])).toMatchObject({ code: 0 });
  } finally {
    await again.stop();
  }
}, 300_000);
