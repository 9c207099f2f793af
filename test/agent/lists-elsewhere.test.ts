/** Lists that are made elsewhere come late or not at all: everybody else's stay fresh, nothing ends over it, and no root comes without its lists. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePem } from '../../src/domain/der/pem.ts';
import { type CorporateCa, makeCorporateCa, makeCrl, pemOf } from '../support/external-chain.ts';
import { itWith, run } from '../support/judges.ts';
import { makeKeyRequest } from '../support/key-request.ts';
import { type RotatingAgent, rotatingAgent } from '../support/rotating-agent.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const hour = 3600;
const json = { 'content-type': 'application/json' };

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

async function act<Answer>(path: string, body: unknown): Promise<Answer> {
  const { body: answer } = await service.admin(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  return JSON.parse(answer.toString()) as Answer;
}

async function importFrom(environment: string, ca: CorporateCa): Promise<void> {
  const { body } = await service.admin(`/v1/authorities/${environment}-issuing`);
  const signed = ca.sign(decodePem((JSON.parse(body.toString()) as { csr: string }).csr, 'CERTIFICATE REQUEST'));
  const chain = pemOf(signed, ca.intermediate);
  expect(await act(`/v1/authorities/${environment}-issuing/import`, { chain, root: ca.root.pem })).toMatchObject({
    name: `${environment}-issuing`,
  });
}

async function importLists(environment: string, ca: CorporateCa, suffix: string): Promise<void> {
  for (const role of ['root', 'intermediate'] as const) {
    const name = `${environment}-external-${role}${suffix}`;
    const crl = makeCrl(ca[role], { thisUpdate: now(), nextUpdate: now() + hour });
    expect(await act(`/v1/authorities/${name}/import-crl`, { crl })).toMatchObject({ authority: name });
  }
}

/** An environment below a corporate root whose lists are good for an hour, and an agent with a certificate of it. */
async function below(environment: string): Promise<{ agent: RotatingAgent; token: string }> {
  const { path, write } = temporaryFolder();
  await act('/v1/environments', { name: environment, hierarchy: 'external' });
  await act('/v1/products', { environment, name: 'a', nameRules: ['.corp.example'] });
  const ca = makeCorporateCa(now());
  await importFrom(environment, ca);
  await importLists(environment, ca, '');
  const asked = { product: `${environment}/a`, uses: 5, lifetimeSeconds: hour };
  const { token } = await act<{ token: string }>('/v1/tokens', asked);
  const tokenFile = write('token', token);
  chmodSync(tokenFile, 0o600);
  const agent = rotatingAgent(service, path, { names: ['a.corp.example'], enrol: { tokenFile } });
  expect((await agent.turn()).act).toBe('enrolled');
  return { agent, token };
}

const rootsOf = (agent: RotatingAgent): number => agent.read('trust.pem').match(/BEGIN CERT/g)!.length;

describe('a new corporate root whose lists nobody has imported yet', () => {
  itWith(
    'openssl',
    'is not taken up, and keeps nobody from hearing of revocations and from rotating',
    async () => {
      const { agent, token } = await below('late');
      const { csrPem } = makeKeyRequest(['b.corp.example'], 'ec-p256');
      const { body } = await service.public('/v1/certificates', {
        method: 'POST',
        headers: { ...json, authorization: `Bearer ${token}` },
        body: JSON.stringify({ csr: csrPem }),
      });
      const client = JSON.parse(body.toString()) as { serial: string; certificate: string; chain: string[] };
      const { write } = temporaryFolder();
      const files = [write('client.pem', client.certificate), write('chain.pem', client.chain.join(''))] as const;
      /** As a server that checks every list of the path. */
      const judged = async (): Promise<string> => {
        const [trust, lists] = ['trust.pem', 'crl.pem'].map((name) => join(agent.files, 'current', name));
        const args = ['-CAfile', trust!, '-CRLfile', lists!, '-crl_check_all', '-untrusted', files[1], files[0]];
        const { stdout, stderr } = await run('openssl', ['verify', ...args]);
        return `${stdout}${stderr}`;
      };
      expect(await judged()).toContain('OK');

      const next = makeCorporateCa(now(), { root: { commonName: 'Corporate Root 2' } });
      await act('/v1/authorities/late-issuing/rotation', {});
      await importFrom('late', next);
      await act(`/v1/certificates/${client.serial}/revoke`, { reason: 'superseded' });
      const isHeardOf = async (): Promise<string> => {
        expect(await agent.turn()).toMatchObject({ act: 'failed', code: 'crlMissing' });
        return judged();
      };
      await expect.poll(isHeardOf, { timeout: 20_000, interval: 200 }).toContain('certificate revoked');
      expect(rootsOf(agent)).toBe(1);
      expect((await agent.turn({ force: true })).act).toBe('rotated');
      const rotation = await service.admin('/v1/authorities/late-issuing/rotation');
      const { obstacles } = JSON.parse(rotation.body.toString()) as { obstacles: { who: string[] }[] };
      expect(obstacles.flatMap(({ who }) => who)).toEqual([
        expect.stringContaining('1 of 1 targets'),
        expect.stringContaining('late-external-intermediate-2: its list is not imported'),
        expect.stringContaining('late-external-root-2: its list is not imported'),
      ]);

      await importLists('late', next, '-2');
      expect((await agent.turn()).act).toBe('refreshed');
      expect(rootsOf(agent)).toBe(2);
      expect((await agent.turn()).act).toBe('unchanged');
    },
    60_000,
  );
});

describe('a list from elsewhere that is over', () => {
  it('keeps nobody from rotating, stays with the others, and is asked for by name', async () => {
    const { agent } = await below('over');
    const [lists, certificate] = [agent.read('crl.pem'), agent.read('cert.pem')];
    agent.passSeconds(2 * hour);
    expect(await agent.turn()).toMatchObject({
      act: 'failed',
      code: 'crlUnusable',
      detail: expect.stringContaining('authority import-crl over-external-'),
    });
    expect((await agent.turn({ force: true })).act).toBe('rotated');
    expect(agent.read('cert.pem')).not.toBe(certificate);
    expect(agent.read('crl.pem').match(/BEGIN X509/g)).toHaveLength(lists.match(/BEGIN X509/g)!.length);
    expect((await agent.turn()).code).toBe('crlUnusable');
  });

  it('keeps a target from its first certificate', async () => {
    const { agent } = await below('first');
    const { path } = temporaryFolder();
    const other = rotatingAgent(service, path, {
      names: ['a.corp.example'],
      enrol: { tokenFile: join(agent.folder, 'token') },
    });
    other.passSeconds(2 * hour);
    expect((await other.turn()).code).toBe('crlUnusable');
  });
});
