/** Idempotency-Key over real HTTP: one certificate for any number of tries, and the same bytes for each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exchange, type ExchangeOptions, exchange } from '../support/http-exchange.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { productCertificates, submit } from '../support/submit.ts';

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.dispose());

const post = (key: string, body: Uint8Array, options: ExchangeOptions = {}, path = '/v1/certificates') =>
  service.public(path, {
    method: 'POST',
    body,
    ...options,
    headers: { 'content-type': 'application/pkcs10', 'idempotency-key': key, ...options.headers },
  });

const different = (answers: readonly Exchange[]): string[] => [...new Set(answers.map(({ body }) => body.toString()))];

describe('an Idempotency-Key', () => {
  it('gives one certificate for 100 parallel tries, and each the same bytes', async () => {
    const before = (await productCertificates(service)).size;
    const { csrDer } = makeKeyRequest();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post('parallel', csrDer)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(different(answers)).toEqual([answers[0]!.body.toString()]);
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1);
    expect((await productCertificates(service)).size).toBe(before + 1);
  });

  it('gives the same bytes after a restart and a revocation, in each form', async () => {
    const { csrDer } = makeKeyRequest();
    const forms = ['application/json', 'application/pem-certificate-chain', 'application/pkix-cert'];
    const ask = async () => {
      const answers = [];
      for (const accept of forms) answers.push(await post('later', csrDer, { headers: { accept } }));
      return answers.map(({ status, body }) => `${status} ${body.toString('base64')}`);
    };
    const first = await ask();
    const { serial } = JSON.parse(Buffer.from(first[0]!.slice(4), 'base64').toString()) as { serial: string };
    const revoked = await service.admin(`/v1/certificates/${serial}/revoke`, {
      method: 'POST',
      body: '{"reason":"superseded"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(revoked.status).toBe(200);
    await service.stop();
    service = await startService({ home: service.home, ports: service.ports });
    expect(await ask()).toEqual(first);
  });

  it('is refused with another body, as a conflict', async () => {
    expect((await post('bodies', makeKeyRequest().csrDer)).status).toBe(201);
    const answer = await post('bodies', makeKeyRequest().csrDer);
    expect([answer.status, JSON.parse(answer.body.toString()).type]).toEqual([
      409,
      'https://privyseal.dev/problems/idempotencyConflict',
    ]);
  });

  it('gives one successor for 100 parallel rotations over mTLS, and each the same bytes', async () => {
    const first = makeKeyRequest();
    const { serial, certificate } = await submit(service, {}, first.csrDer);
    const tls = { cert: certificate!, key: first.privateKeyPem, ca: service.read('trust/system.pem') };
    const { csrDer } = makeKeyRequest();
    const rotate = () =>
      exchange(`${service.urls.public}/v1/certificates/${serial}/rotate`, {
        method: 'POST',
        body: csrDer,
        headers: { 'content-type': 'application/pkcs10', 'idempotency-key': 'rotation' },
        ...tls,
      });
    const answers = [...(await Promise.all(Array.from({ length: 100 }, rotate))), await rotate()];
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(different(answers)).toEqual([answers[0]!.body.toString()]);
    const { predecessor } = JSON.parse(answers[0]!.body.toString()) as { predecessor: string };
    expect(predecessor).toBe(serial);
  });
});
