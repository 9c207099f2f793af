/** Deployments over both faces, to real sockets where the credential matters. */
import { describe, expect, it } from 'vitest';
import type { DeploymentBody } from '../../../../src/api/deployment.ts';
import { buildPublicFace } from '../../../../src/faces/http/public/build-public-face.ts';
import type { ListInput } from '../../../../src/services/services.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { clientOf, clientTls, productRoot, tlsMaterial } from '../../../support/face-tls.ts';
import { exchange } from '../../../support/http-exchange.ts';
import { openAdmin } from '../../../support/open-admin.ts';
import { openFace } from '../../../support/open-face.ts';
import { hierarchy, makeServices } from '../../../support/services-double.ts';

const path = `/v1/certificates/${hierarchy.leaf.serial}/deployments`;
const body: DeploymentBody = { target: 'kafka/broker-2', outcome: 'proved' };

describe('POST /v1/certificates/{serial}/deployments', () => {
  it('keeps a report of a product over mutual TLS', async () => {
    const double = makeServices();
    const deps = makeFaceDeps(double.services, { tls: tlsMaterial([productRoot]) });
    const { url } = await openFace(buildPublicFace(deps));
    const headers = { 'content-type': 'application/json' };
    const options = { ...clientTls(clientOf(productRoot)), method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await exchange(url + path, options);
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      201,
      {
        serial: hierarchy.leaf.serial,
        ...body,
        endpoint: null,
        servedSerial: null,
        detail: null,
        trustSha256: [],
        reportedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        reporter: 'product:dev/demo',
      },
    ]);
  });

  it('keeps a report of an operator, whole', async () => {
    const { send } = await openAdmin({}, 'operator');
    const whole = {
      ...body,
      outcome: 'failed',
      endpoint: '[2001:db8::1]:9093',
      servedSerial: '0a',
      detail: 'the old one, still',
      trustSha256: ['ab'.repeat(32)],
    };
    const { status, json } = await send('POST', path, {}, whole);
    expect([status, json]).toMatchObject([201, whole]);
  });

  it.each<[string, object, string]>([
    ['an unknown field', { ...body, state: 'good' }, 'state'],
    ['no target', { outcome: 'proved' }, 'target'],
    ['a target with other characters', { ...body, target: 'a b' }, 'target'],
    ['a target that is too long', { ...body, target: 'a'.repeat(101) }, 'target'],
    ['an outcome of its own', { ...body, outcome: 'awaited' }, 'outcome'],
    ['an endpoint without a port', { ...body, endpoint: 'web-1' }, 'endpoint'],
    ['an endpoint without such a port', { ...body, endpoint: 'web-1:65536' }, 'endpoint'],
    ['an endpoint of port 0', { ...body, endpoint: 'web-1:0' }, 'endpoint'],
    ['a URL as the endpoint', { ...body, endpoint: 'https://web-1:443/' }, 'endpoint'],
    ['a serial that is none', { ...body, servedSerial: 'xyz' }, 'servedSerial'],
    ['a detail that is too long', { ...body, detail: 'x'.repeat(501) }, 'detail'],
    ['a hash that is none', { ...body, trustSha256: ['ab'] }, 'trustSha256.0'],
    ['too many hashes', { ...body, trustSha256: Array.from({ length: 21 }, () => 'ab'.repeat(32)) }, 'trustSha256'],
  ])('refuses %s with one audit event', async (_what, bad, field) => {
    const { send, calls, refusals } = await openAdmin();
    const { status, json } = await send('POST', path, {}, bad);
    expect([status, json.reasons[0].field, refusals.length]).toEqual([400, field, 1]);
    expect(calls.some(({ name }) => name === 'reportDeployment')).toBe(false);
  });
});

describe('GET /v1/certificates/{serial}/deployments', () => {
  it('lists the newest report of each target', async () => {
    const { send } = await openAdmin({}, 'auditor');
    const { status, json } = await send('GET', path);
    expect([status, json.nextCursor, json.items.length]).toEqual([200, null, 1]);
    expect(json.items[0]).toMatchObject({ target: 'web-1', outcome: 'proved', servedSerial: hierarchy.leaf.serial });
  });

  it('is not there for a certificate that is not', async () => {
    const { send } = await openAdmin();
    expect((await send('GET', '/v1/certificates/0a/deployments')).status).toBe(404);
  });
});

describe('GET /v1/certificates about deployments', () => {
  const asked = async (query: string) => {
    const { send, calls } = await openAdmin();
    expect((await send('GET', `/v1/certificates?${query}`)).status).toBe(200);
    return calls.find(({ name }) => name === 'listCertificates')!.args[1];
  };

  it('asks for every state of the targets that is meant, of products’ certificates', async () => {
    const { deployment, purpose } = (await asked('deployment=failed&deployment=predecessor')) as ListInput;
    expect([deployment, purpose]).toEqual([['failed', 'failedBehind', 'behind'], 'product']);
    expect(await asked('deployment=none')).toMatchObject({ deployment: ['none'] });
    expect(await asked('rotation=overdue')).toMatchObject({ rotation: 'overdue' });
  });

  it.each(['deployment=behind', 'deployment=', 'rotation=late'])('refuses %s', async (query) => {
    const { send } = await openAdmin();
    const { status, json } = await send('GET', `/v1/certificates?${query}`);
    expect([status, json.reasons[0].field]).toEqual([400, query.split('=')[0]]);
  });
});
