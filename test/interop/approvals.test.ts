/** Approval against the running service, as products and operators meet it: long polls, a stop, a kill -9. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PendingRequestJson } from '../../src/api/request.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { rawProfile } from '../support/policy-builders.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { suiteFolder } from '../support/suite-folder.ts';

const folder = suiteFolder();
let service: RunningService;
beforeAll(async () => {
  service = await startService({ home: folder('data') });
  await post('/v1/profiles', { environment: 'dev', ...rawProfile({ name: 'guarded', approvals: 1 }) });
  await post('/v1/products', { environment: 'dev', name: 'guarded', nameRules: ['a.guarded'], profiles: ['guarded'] });
});
afterAll(() => service.dispose());

async function post(path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  const answer = await service.admin(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, json: JSON.parse(answer.body.toString()) };
}

async function submit() {
  const { json: token } = await post('/v1/tokens', { product: 'dev/guarded', uses: 1 });
  const authorization = `Bearer ${token.token}`;
  const headers = { authorization, 'content-type': 'application/pkcs10' };
  const body = makeKeyRequest(['a.guarded']).csrDer;
  const answer = await service.public('/v1/certificates', { method: 'POST', headers, body });
  const request = JSON.parse(answer.body.toString()) as PendingRequestJson;
  const collect = (wait: number, more: Record<string, string> = {}) =>
    service.public(`/v1/requests/${request.id}?wait=${wait}`, {
      headers: { authorization, ...more },
      timeoutMs: 40_000,
    });
  return { status: answer.status, location: answer.headers.location, id: request.id, collect };
}

describe('a request that waits for approval', () => {
  it('is handed its certificate by the poll that waits for it, in the form it asks for', async () => {
    const { status, location, id, collect } = await submit();
    expect([status, location]).toEqual([202, `/v1/requests/${id}`]);
    const waiting = collect(30, { accept: 'application/pem-certificate-chain' });
    expect((await collect(0)).status).toBe(202);
    const shown = await service.admin(`/v1/requests/${id}`);
    expect(JSON.parse(shown.body.toString()).proposal.names).toEqual(['a.guarded']);
    const approved = await post(`/v1/requests/${id}/approve`, { comment: 'fine' });
    expect(approved.status).toBe(201);
    const { status: collected, headers, body } = await waiting;
    expect([collected, headers['content-location']]).toEqual([200, `/v1/certificates/${approved.json.serial}`]);
    expect(body.toString().startsWith(approved.json.certificate)).toBe(true);
    expect((await post(`/v1/requests/${id}/deny`, { comment: 'too late' })).status).toBe(409);
  });

  it('outlives a stop, which waits for nobody that waits, and a kill -9 right after its approval', async () => {
    const { id, collect } = await submit();
    const waiting = collect(30);
    expect((await collect(0)).status).toBe(202);
    const { code, ms } = await service.stop();
    expect([code, (await waiting).status, ms < 10_000]).toEqual([0, 202, true]);
    const { home, ports } = service;
    service = await startService({ home, ports });
    // Whether the answer comes or not: what was approved is issued once.
    void post(`/v1/requests/${id}/approve`, {}).catch(() => undefined);
    await expect.poll(() => statusOf(id), { timeout: 10_000 }).not.toBe('pending');
    await service.kill9();
    service = await startService({ home, ports });
    await expect.poll(() => statusOf(id), { timeout: 10_000 }).toBe('issued');
    const serial = JSON.parse((await collect(0)).body.toString()).serial;
    const good = await service.admin('/v1/certificates?product=dev/guarded&status=valid');
    const serials = JSON.parse(good.body.toString()).items.map((item: { serial: string }) => item.serial);
    expect(serials).toContain(serial);
    expect(serials).toHaveLength(2);
  });
});

const statusOf = async (id: string): Promise<string> =>
  JSON.parse((await service.admin(`/v1/requests/${id}`)).body.toString()).status;
