/** A campaign on the real service, which is killed halfway: members rotate over mutual TLS, the rest is revoked at its time, and lists say so. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { CampaignProgressJson } from '../../src/api/campaign.ts';
import type { CertificateJson, RenewalInfoJson } from '../../src/api/certificate.ts';
import { parseCrl } from '../../src/domain/x509/read-crl.ts';
import { exchange } from '../support/http-exchange.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { type RunningService, startService, temporaryFolder } from '../support/running-service.ts';

const folder = temporaryFolder();
const home = join(folder, 'data');
const opened: RunningService[] = [];
afterAll(async () => {
  await Promise.all(opened.map((service) => service.dispose()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<RunningService> {
  const service = await startService({ home, readyWithinMs: 60_000 });
  opened.push(service);
  return service;
}

const patience = { timeout: 60_000, interval: 200 };
const pkcs10 = { 'content-type': 'application/pkcs10' };

async function enrol(service: RunningService) {
  const request = makeKeyRequest();
  const options = { method: 'POST', headers: pkcs10, body: request.csrDer };
  const answer = await service.public('/v1/certificates?profile=peer', options);
  expect(answer.status).toBe(201);
  const { serial, certificate, chain } = JSON.parse(answer.body.toString()) as CertificateJson;
  return { serial, cert: [certificate, ...chain].join(''), key: request.privateKeyPem };
}

const json = (body: object) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const read = async (service: RunningService, id: string): Promise<CampaignProgressJson> =>
  JSON.parse((await service.admin(`/v1/campaigns/${id}`)).body.toString());

describe('a campaign on a service that is killed', () => {
  it('moves windows, sees rotations, goes on after the restart, revokes at its time, and ends', async () => {
    let service = await start();
    const [rotating, ...waiting] = await Promise.all([enrol(service), enrol(service), enrol(service)]);
    const poll = (serial: string) => service.distribution(`/v1/renewal-info/${serial}`);
    const { etag } = (await poll(rotating!.serial)).headers;
    const inSeconds = (seconds: number): string =>
      `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19)}Z`;
    const order = { filter: { product: 'dev/demo' }, rotateBy: inSeconds(3600), revokeAt: inSeconds(7200) };
    const started = await service.admin('/v1/campaigns', json(order));
    expect(started.status).toBe(201);
    const { id } = JSON.parse(started.body.toString()) as CampaignProgressJson;
    const status = async () => (await read(service, id)).status;
    await expect.poll(status, patience).toBe('running');

    const told = await poll(rotating!.serial);
    expect(told.headers.etag).not.toBe(etag);
    const { reason, suggestedWindow } = JSON.parse(told.body.toString()) as RenewalInfoJson;
    expect([reason, told.headers['retry-after']]).toEqual(['campaign', '300']);
    expect(Date.parse(suggestedWindow.end)).toBeLessThanOrEqual(Date.parse(order.rotateBy));

    const rotated = await exchange(`${service.urls.public}/v1/certificates/${rotating!.serial}/rotate`, {
      ...{ method: 'POST', headers: pkcs10, body: makeKeyRequest().csrDer },
      ...{ ca: service.read('trust/system.pem'), cert: rotating!.cert, key: rotating!.key },
    });
    expect(rotated.status).toBe(201);
    expect((await read(service, id)).progress).toMatchObject({ rotated: 1 });

    await service.kill9();
    service = await start();
    expect(await status()).toBe('running');
    // Time is short now: it goes on by other times.
    expect((await service.admin(`/v1/campaigns/${id}/pause`, { method: 'POST' })).status).toBe(200);
    const times = { rotateBy: inSeconds(5), revokeAt: inSeconds(5) };
    expect((await service.admin(`/v1/campaigns/${id}/resume`, json(times))).status).toBe(200);
    await expect.poll(status, patience).toBe('ended');
    const ended = await read(service, id);
    expect(ended.progress).toEqual({ waiting: 0, overdue: 0, rotated: 1, proved: 0, failed: 2 });
    expect(ended.failures).toEqual([{ reason: 'revoked', certificates: 2 }]);
    const members = [rotating!, ...waiting].map(({ serial }) => serial).sort();
    const listed = async () => {
      const { body } = await service.distribution('/crl/dev-issuing.crl');
      return parseCrl(body)
        .entries.map(({ serial, reason: why }) => `${serial} ${why}`)
        .sort();
    };
    await expect.poll(listed, patience).toEqual(members.map((serial) => `${serial} superseded`));
  });
});
