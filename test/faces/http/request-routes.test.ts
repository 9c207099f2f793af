/** Requests that wait for approval over REST: the requester's side on the public face, the operators' on the admin face. */
import { request as httpRequest } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import request from 'supertest';
import { Value } from 'typebox/value';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PendingRequestJson, RequestJson, RequestList, RequestSummary } from '../../../src/api/request.ts';
import { CaError } from '../../../src/domain/errors.ts';
import { defaultFaceLimits } from '../../../src/faces/http/face-deps.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import type { Services } from '../../../src/services/services.ts';
import { asBytes } from '../../support/binary-body.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { openAdmin } from '../../support/open-admin.ts';
import { prepare } from '../../support/policy-builders.ts';
import { requestRecord } from '../../support/request-builders.ts';
import { waiting } from '../../support/requests-double.ts';
import {
  goodToken,
  hierarchy,
  makeRecord,
  makeServices,
  makeView,
  operatorCaller,
  tokenCaller,
} from '../../support/services-double.ts';

const bearer = `Bearer ${goodToken}`;
const path = `/v1/requests/${waiting.id}`;
const csr = makeKeyRequest().csrPem;
const pending = { kind: 'request', request: waiting } as const;
const issued = { kind: 'certificate', view: makeView() } as const;

async function openPublic(override: Partial<Services> = {}) {
  const double = makeServices(override);
  const face = buildPublicFace(makeFaceDeps(double.services));
  await face.ready();
  onTestFinished(() => face.close().then(() => undefined));
  return { ...double, face, http: request(face.server) };
}

describe('a CSR whose profile needs approval', () => {
  it.each([
    ['submitted', '/v1/certificates'],
    ['for a rotation', `/v1/certificates/${hierarchy.leaf.serial}/rotate`],
  ])('%s is answered 202 with the request and where to ask, whatever is accepted', async (_what, url) => {
    const { http } = await openPublic({ submitRequest: async () => pending, rotateCertificate: async () => pending });
    const headers = { authorization: bearer, accept: 'application/pem-certificate-chain' };
    const answer = await http.post(url).set(headers).send({ csr });
    expect([answer.status, answer.headers.location, answer.headers['retry-after']]).toEqual([202, path, '10']);
    expect(Value.Check(PendingRequestJson, answer.body)).toBe(true);
    expect(answer.body).toMatchObject({
      id: waiting.id,
      status: 'pending',
      names: waiting.names,
      approvals: { needed: 2, given: 0 },
      links: { self: path },
    });
  });
});

describe('collecting', () => {
  it('answers 202 while the request is open, and hands the wait on', async () => {
    const { http, calls } = await openPublic();
    const answer = await http.get(`${path}?wait=30`).set('authorization', bearer);
    expect([answer.status, answer.headers.location, answer.body.status]).toEqual([202, path, 'pending']);
    expect(calls.map(({ name }) => name)).toEqual(['authenticateCollector', 'collectRequest']);
    expect(calls[1]!.args.slice(0, 2)).toEqual([tokenCaller, waiting.id]);
    expect(calls[1]!.args[2]).toMatchObject({ seconds: 30 });
  });

  it('tells how many have approved, and neither who nor what they said', async () => {
    const verdict = { verdict: 'approved', operator: 'alice', at: 1, comment: 'secret' } as const;
    const record = requestRecord({ verdicts: [verdict] });
    const { http } = await openPublic({ collectRequest: async () => ({ kind: 'request', request: record }) });
    const answer = await http.get(path).set('authorization', bearer);
    expect(answer.body.approvals).toEqual({ needed: 1, given: 1 });
    expect(answer.text).not.toMatch(/alice|secret/);
  });

  it('answers the certificate in the form that was asked for, once it is issued', async () => {
    const { http } = await openPublic({ collectRequest: async () => issued });
    const json = await http.get(path).set('authorization', bearer);
    expect([json.status, json.body.serial]).toEqual([200, hierarchy.leaf.serial]);
    expect(json.headers['content-location']).toBe(`/v1/certificates/${hierarchy.leaf.serial}`);
    const headers = { authorization: bearer, accept: 'application/pem-certificate-chain' };
    expect((await http.get(path).set(headers)).text).toBe(hierarchy.leaf.pem + hierarchy.issuing.pem);
    const der = await http
      .get(path)
      .set({ ...headers, accept: 'application/pkix-cert' })
      .buffer()
      .parse(asBytes);
    expect(Buffer.compare(der.body, hierarchy.leaf.der)).toBe(0);
  });

  it('answers a problem when there will be no certificate', async () => {
    const reasons = [{ code: 'requestDenied', message: 'no' }] as const;
    const { http, refusals } = await openPublic({
      collectRequest: () => Promise.reject(new CaError('conflict', 'no', { reasons })),
    });
    const answer = await http.get(path).set('authorization', bearer);
    expect([answer.status, answer.body.reasons]).toEqual([409, reasons]);
    expect(refusals).toHaveLength(1);
  });

  it.each(['wait=31', 'wait=-1', 'wait=1e1', 'wait=', 'wait=5&wait=6', 'x=1'])('refuses %s', async (query) => {
    const { http, calls } = await openPublic();
    const answer = await http.get(`${path}?${query}`).set('authorization', bearer);
    expect([answer.status, calls.some(({ name }) => name === 'collectRequest')]).toEqual([400, false]);
  });

  it('needs the token or a certificate', async () => {
    const { http } = await openPublic();
    expect((await http.get(path)).status).toBe(401);
    expect((await http.get(path).set('authorization', 'Bearer wrong')).status).toBe(401);
  });

  it('gives the connection as long as the wait that was asked for beside what any may be silent, and no other', async () => {
    const silences: (number | undefined)[] = [];
    let socket: Socket | undefined;
    const { face } = await openPublic({
      collectRequest: async () => {
        silences.push(socket?.timeout);
        return pending;
      },
    });
    face.server.on('connection', (opened) => {
      socket = opened;
    });
    const { inactivityMs } = defaultFaceLimits;
    for (const query of ['', '?wait=30'])
      await request(face.server)
        .get(path + query)
        .set('authorization', bearer);
    expect(silences).toEqual([inactivityMs, inactivityMs + 30_000]);
  });

  it('ends the wait when the peer goes away', async () => {
    const gone = Promise.withResolvers<void>();
    const { face } = await openPublic({
      collectRequest: async (_caller, _id, { signal }) => {
        peer.destroy();
        await new Promise<void>((resolve) => signal!.addEventListener('abort', () => resolve()));
        gone.resolve();
        return pending;
      },
    });
    await face.listen({ host: '127.0.0.1', port: 0 });
    const { port } = face.server.address() as AddressInfo;
    const peer = httpRequest({ port, path: `${path}?wait=30`, headers: { authorization: bearer } });
    peer.on('error', () => {});
    peer.end();
    await expect(gone.promise).resolves.toBeUndefined();
  });
});

describe('the requests for operators', () => {
  it('are listed by status and product', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('GET', '/v1/requests?status=pending&product=dev/demo&limit=7&cursor=abc');
    expect(answer.status).toBe(200);
    expect(Value.Check(RequestList, answer.json)).toBe(true);
    expect(calls.at(-1)!.args[1]).toEqual({ status: 'pending', product: 'dev/demo', limit: 7, cursor: 'abc' });
  });

  it.each(['status=open', 'limit=0', 'limit=1001', 'product=', 'x=1'])('refuse %s', async (query) => {
    const { send } = await openAdmin();
    expect((await send('GET', `/v1/requests?${query}`)).status).toBe(400);
  });

  it('show exactly what would be signed, beside what there is', async () => {
    const prepared = prepare();
    const differences = {
      namesAdded: ['b.dev'],
      namesRemoved: ['c.dev'],
      subjectChanged: false,
      profileChanged: false,
      keyChanged: true,
      keyTypeChanged: false,
      lifetimeSecondsAdded: -60,
    };
    const proposal = { authority: 'dev-issuing', prepared, comparison: { with: makeRecord(), differences } };
    const view = { record: waiting, tokenCreatedBy: 'operator:bob', proposal, obstacles: [] };
    const { send } = await openAdmin({ readRequest: async () => view });
    const { json } = await send('GET', path);
    expect(Value.Check(RequestJson, json)).toBe(true);
    expect(json.proposal).toMatchObject({ subject: prepared.subject, names: prepared.names, lint: { broken: [] } });
    expect(json.proposal.comparison).toMatchObject({ serial: hierarchy.leaf.serial, ...differences });
    expect(
      json.proposal.extensions.map(({ name, values }: { name: string; values: string[] }) => [name, ...values]),
    ).toEqual(
      expect.arrayContaining([
        ['basicConstraints', 'CA:FALSE'],
        ['keyUsage', 'digitalSignature'],
        ['extKeyUsage', 'serverAuth'],
        ['subjectAltName', 'dns:demo.dev.internal'],
      ]),
    );
  });

  it('show why nothing would be signed', async () => {
    const obstacles = [{ code: 'requestOutdated', field: 'profile', message: 'changed' }] as const;
    const view = { record: waiting, tokenCreatedBy: null, proposal: null, obstacles };
    const { send } = await openAdmin({ readRequest: async () => view });
    const { json } = await send('GET', path);
    expect([Value.Check(RequestJson, json), json.obstacles]).toEqual([true, obstacles]);
  });
});

describe('a verdict', () => {
  it('that was not the last one is answered 202, with the request', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('POST', `${path}/approve`, {}, { comment: 'fine' });
    expect([answer.status, answer.headers.location]).toEqual([202, path]);
    expect(Value.Check(RequestSummary, answer.json)).toBe(true);
    expect(calls.at(-1)!.args).toEqual([operatorCaller('admin'), waiting.id, 'fine']);
    await send('POST', `${path}/approve`, {}, {});
    expect(calls.at(-1)!.args[2]).toBe('');
  });

  it('that was the last one is answered 201, with the certificate', async () => {
    const { send } = await openAdmin({ approveRequest: async () => issued });
    const answer = await send('POST', `${path}/approve`, {}, {});
    expect([answer.status, answer.headers.location]).toEqual([201, `/v1/certificates/${hierarchy.leaf.serial}`]);
    expect(answer.json.serial).toBe(hierarchy.leaf.serial);
  });

  it('against it is answered with the request', async () => {
    const { send, calls } = await openAdmin();
    const answer = await send('POST', `${path}/deny`, {}, { comment: 'no' });
    expect([answer.status, answer.json.status, Value.Check(RequestSummary, answer.json)]).toEqual([
      200,
      'denied',
      true,
    ]);
    expect(calls.at(-1)!.args).toEqual([operatorCaller('admin'), waiting.id, 'no']);
  });

  it.each<[string, string, object]>([
    ['approve', 'a comment of 501 characters', { comment: 'x'.repeat(501) }],
    ['approve', 'an unknown field', { comment: 'x', force: true }],
    ['deny', 'no comment', {}],
    ['deny', 'an empty comment', { comment: '' }],
    ['deny', 'a comment that is no text', { comment: 1 }],
  ])('to %s is refused with %s', async (act, _what, body) => {
    const { send, refusals } = await openAdmin();
    const answer = await send('POST', `${path}/${act}`, {}, body);
    expect([answer.status, refusals.length]).toEqual([400, 1]);
  });
});
