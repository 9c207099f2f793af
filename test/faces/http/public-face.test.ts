/** Translation on the public face: what a request becomes, what an answer looks like, and one audited refusal each. */
import request from 'supertest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { problemTypePrefix } from '../../../src/api/problem.ts';
import { CaError, type CaErrorCode } from '../../../src/domain/errors.ts';
import type { FaceLimits } from '../../../src/faces/http/face-deps.ts';
import { problemKinds } from '../../../src/faces/http/problems/problem.ts';
import { buildPublicFace } from '../../../src/faces/http/public/build-public-face.ts';
import type { Services, SubmitInput } from '../../../src/services/services.ts';
import { asBytes } from '../../support/binary-body.ts';
import { makeFaceDeps } from '../../support/face-deps.ts';
import { makeKeyRequest } from '../../support/key-request.ts';
import { goodToken, hierarchy, makeServices, makeView, tokenCaller } from '../../support/services-double.ts';

const csr = makeKeyRequest();
const bearer = `Bearer ${goodToken}`;
const certificates = '/v1/certificates';

async function openPublic(override: Partial<Services> = {}, limits: Partial<FaceLimits> = {}) {
  const double = makeServices(override);
  const deps = makeFaceDeps(double.services, { limits });
  const face = buildPublicFace(deps);
  await face.ready();
  onTestFinished(() => face.close().then(() => undefined));
  return { ...double, ...deps, http: request(face.server) };
}

const submitted = ({ calls }: { calls: { name: string; args: readonly unknown[] }[] }) =>
  calls.find(({ name }) => name === 'submitRequest')!.args[1] as SubmitInput;

const reasonsOf = (body: { reasons?: { code: string; field?: string }[] }) =>
  body.reasons?.map(({ code, field }) => `${code} ${field ?? ''}`.trim()).sort();

describe('submitting a CSR', () => {
  it('answers 201 with the certificate, its chain, its links and where it is', async () => {
    const { http, calls } = await openPublic();
    const answer = await http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    expect([answer.status, answer.headers.location]).toEqual([201, `/v1/certificates/${hierarchy.leaf.serial}`]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toMatchObject({
      serial: hierarchy.leaf.serial,
      status: 'valid',
      product: 'dev/demo',
      certificate: hierarchy.leaf.pem,
      chain: [hierarchy.issuing.pem],
      notBefore: '2026-10-31T23:00:00Z',
      lifetimeSeconds: 90_000,
      links: {
        self: `/v1/certificates/${hierarchy.leaf.serial}`,
        crl: 'http://ca.test/crl/dev-issuing.crl',
        trustBundle: 'http://ca.test/v1/trust-bundles/dev.pem',
      },
    });
    expect(calls.find(({ name }) => name === 'submitRequest')!.args[0]).toEqual(tokenCaller);
  });

  it.each([
    ['JSON with PEM', 'application/json', JSON.stringify({ csr: csr.csrPem })],
    ['JSON with base64', 'application/json', JSON.stringify({ csr: Buffer.from(csr.csrDer).toString('base64') })],
    ['DER', 'application/pkcs10', Buffer.from(csr.csrDer)],
    ['PEM called pkcs10', 'application/pkcs10', csr.csrPem],
    ['PEM as plain text', 'text/plain; charset=utf-8', csr.csrPem],
    ['a PEM file', 'application/x-pem-file', csr.csrPem],
  ])('reads %s', async (_what, type, body) => {
    const open = await openPublic();
    const answer = await open.http.post(certificates).set('authorization', bearer).type(type).send(body);
    expect(answer.status).toBe(201);
    expect(Buffer.compare(submitted(open).csrDer, csr.csrDer)).toBe(0);
  });

  it('takes profile and lifetime from the query beside a raw CSR', async () => {
    const open = await openPublic();
    const url = `${certificates}?profile=server&lifetimeSeconds=3600`;
    await open.http.post(url).set('authorization', bearer).type('text/plain').send(csr.csrPem);
    expect(submitted(open)).toMatchObject({ profile: 'server', lifetimeSeconds: 3600 });
  });

  it('hands names, profile and lifetime of a JSON body on as they are', async () => {
    const open = await openPublic();
    const wanted = { profile: 'peer', lifetimeSeconds: 60, names: ['a.dev.internal', '10.0.0.1'] };
    await open.http
      .post(certificates)
      .set('authorization', bearer)
      .send({ csr: csr.csrPem, ...wanted });
    expect(submitted(open)).toMatchObject(wanted);
  });
});

describe('a request that is not as described', () => {
  it.each<[string, string | undefined, string | object, CaErrorCode, string[] | undefined]>([
    [
      'unknown fields',
      undefined,
      { csr: 'x', extra: 1, more: 2 },
      'malformed',
      ['unknownField extra', 'unknownField more'],
    ],
    ['a missing CSR', undefined, { profile: 'server' }, 'malformed', ['invalidField csr']],
    [
      'a number that is a string',
      undefined,
      { csr: 'x', lifetimeSeconds: '60' },
      'malformed',
      ['invalidField lifetimeSeconds'],
    ],
    ['a string that is a number', undefined, { csr: 'x', profile: 1 }, 'malformed', ['invalidField profile']],
    [
      'names that are none',
      undefined,
      { csr: 'x', names: ['a', 1, ''] },
      'malformed',
      ['invalidField names.1', 'invalidField names.2'],
    ],
    ['an array', undefined, [], 'malformed', ['invalidField']],
    ['null', 'application/json', 'null', 'malformed', ['invalidField']],
    ['JSON cut off', 'application/json', '{"csr":', 'malformed', undefined],
    ['a prototype', 'application/json', '{"__proto__":{"csr":"x"}}', 'malformed', ['unknownField __proto__']],
    ['a field that comes twice', 'application/json', '{"csr":"x","csr":"y"}', 'malformed', ['invalidField csr']],
    ['an empty JSON body', 'application/json', '', 'malformed', undefined],
    ['a CSR that is neither PEM nor base64', undefined, { csr: '*' }, 'badCSR', ['notBase64 csr']],
    [
      'PEM with another label',
      'text/plain',
      '-----BEGIN X-----\nAAAA\n-----END X-----\n',
      'badCSR',
      ['wrongPemLabel csr'],
    ],
    ['two PEM blocks, bad input 35', 'text/plain', csr.csrPem + csr.csrPem, 'badCSR', ['severalPemBlocks csr']],
    ['a media type it does not read', 'application/xml', '<csr/>', 'unsupportedMediaType', undefined],
    ['a body of more than 64 KiB', undefined, { csr: 'x'.repeat(70_000) }, 'payloadTooLarge', undefined],
  ])('is refused with all reasons, audited once: %s', async (_what, type, body, code, reasons) => {
    const { http, refusals, calls } = await openPublic();
    const pending = http.post(certificates).set('authorization', bearer);
    const answer = await (type ? pending.type(type) : pending).send(body);
    expect([answer.status, answer.body.type]).toEqual([problemKinds[code].status, problemTypePrefix + code]);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    if (reasons) expect(reasonsOf(answer.body)).toEqual(reasons);
    expect(refusals).toEqual([expect.objectContaining({ code, actor: 'token:t1', object: 'POST /v1/certificates' })]);
    expect(calls.map(({ name }) => name)).not.toContain('submitRequest');
  });

  it.each([
    ['multipart/form-data; boundary=x', 'multipart/form-data is not one'],
    ['application/octet-stream', 'application/octet-stream is not one'],
  ])('is told what the path reads when it comes as "%s"', async (type, told) => {
    const { http } = await openPublic();
    const answer = await http.post(certificates).set({ authorization: bearer, 'content-type': type }).send('x');
    expect([answer.status, answer.body.detail]).toEqual([415, expect.stringContaining(told)]);
    expect(answer.body.detail).toContain(
      'Send application/json or application/pkcs10 or application/x-pem-file or text/plain.',
    );
  });

  it('is refused when it brings two credentials', async () => {
    const { http, calls } = await openPublic();
    const twice = [bearer, bearer] as unknown as string;
    const answer = await http.post(certificates).set('authorization', twice).send({ csr: csr.csrPem });
    expect([answer.status, calls.map(({ name }) => name)]).toEqual([401, []]);
  });

  it.each([
    ['compressed', 'gzip', 415],
    ['said to be as it is', 'identity', 201],
  ])('is read as it comes, and not when it is %s', async (_how, coding, status) => {
    const { http } = await openPublic();
    const pending = http.post(certificates).set({ authorization: bearer, 'content-encoding': coding });
    expect((await pending.type('text/plain').send(csr.csrPem)).status).toBe(status);
  });

  it('is told no more than a hundred of its mistakes', async () => {
    const { http, refusals } = await openPublic();
    const names = Array.from({ length: 20_000 }, () => '');
    const answer = await http.post(certificates).set('authorization', bearer).send({ csr: 'x', names });
    expect([answer.status, answer.body.reasons.length, refusals[0]?.reasons]).toEqual([400, 100, ['invalidField']]);
  });

  it('is refused when it has no body at all', async () => {
    const { http, refusals } = await openPublic();
    const answer = await http.post(certificates).set('authorization', bearer);
    expect([answer.status, refusals.length]).toEqual([400, 1]);
  });

  it('is refused when query and JSON body both say something', async () => {
    const { http } = await openPublic();
    const answer = await http.post(`${certificates}?profile=a`).set('authorization', bearer).send({ csr: csr.csrPem });
    expect(reasonsOf(answer.body)).toEqual(['unknownField profile']);
  });

  it.each([
    ['lifetimeSeconds=1.5', 'invalidField lifetimeSeconds'],
    ['lifetimeSeconds=0x10', 'invalidField lifetimeSeconds'],
    ['lifetimeSeconds=1&lifetimeSeconds=2', 'invalidField lifetimeSeconds'],
    ['token=secret', 'unknownField token'],
  ])('is refused for the query %s', async (query, reason) => {
    const { http } = await openPublic();
    const url = `${certificates}?${query}`;
    const answer = await http.post(url).set('authorization', bearer).type('text/plain').send(csr.csrPem);
    expect([answer.status, reasonsOf(answer.body)]).toEqual([400, [reason]]);
  });

  it('is refused for a query where there is none to give', async () => {
    const { http } = await openPublic();
    const answer = await http.get(`${certificates}/${hierarchy.leaf.serial}?format=pem`).set('authorization', bearer);
    expect(reasonsOf(answer.body)).toEqual(['unknownField format']);
  });
});

describe('the form of a certificate', () => {
  const get = async (accept?: string) => {
    const { http } = await openPublic();
    const pending = http.get(`${certificates}/${hierarchy.leaf.serial}`).set('authorization', bearer).buffer(true);
    return (accept === undefined ? pending : pending.set('accept', accept)).parse(asBytes);
  };

  it.each([
    [undefined, 'application/json; charset=utf-8'],
    ['*/*', 'application/json; charset=utf-8'],
    ['application/*;q=0.1, application/pkix-cert', 'application/pkix-cert'],
    ['application/json;q=0, application/pem-certificate-chain;q=0.2', 'application/pem-certificate-chain'],
    ['application/pkcs7-mime', 'application/pkcs7-mime;smime-type=certs-only'],
    ['application/pkcs7-mime; smime-type="certs-only"', 'application/pkcs7-mime;smime-type=certs-only'],
  ])('is as Accept says: %s', async (accept, type) => {
    const answer = await get(accept);
    expect([answer.status, answer.headers['content-type'], answer.headers.vary]).toEqual([200, type, 'accept']);
  });

  it('is leaf and issuers as PEM, the leaf alone as DER', async () => {
    const pem = await get('application/pem-certificate-chain');
    const der = await get('application/pkix-cert');
    expect(String(pem.body)).toBe(hierarchy.leaf.pem + hierarchy.issuing.pem);
    expect(Buffer.compare(der.body, hierarchy.leaf.der)).toBe(0);
  });

  it('is refused before anything is issued when none is acceptable', async () => {
    const { http, calls, refusals } = await openPublic();
    const headers = { authorization: bearer, accept: 'text/html' };
    const answer = await http.post(certificates).set(headers).send({ csr: csr.csrPem });
    expect([answer.status, refusals.length]).toEqual([406, 1]);
    expect(calls.map(({ name }) => name)).toEqual(['authenticateToken']);
  });
});

describe('an error of the services', () => {
  it.each(Object.entries(problemKinds))('is a problem with its own type and status: %s', async (code, { status }) => {
    const reasons = [{ code: 'nameNotAllowed' as const, message: 'no', field: 'names.0', value: 'x' }];
    const { http, refusals } = await openPublic({
      submitRequest: () => Promise.reject(new CaError(code as CaErrorCode, 'a safe sentence', { reasons })),
    });
    const answer = await http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      type: problemTypePrefix + code,
      title: expect.any(String),
      status,
      detail: 'a safe sentence',
      instance: refusals[0]?.details?.instance,
      reasons,
    });
    expect(refusals).toEqual([expect.objectContaining({ code, reasons: ['nameNotAllowed'] })]);
    expect('retry-after' in answer.headers).toBe(status === 503 || status === 429);
    expect('www-authenticate' in answer.headers).toBe(status === 401);
  });

  it('that nobody expected is a fixed sentence, with the cause in the log alone', async () => {
    const { http, refusals, logLines } = await openPublic({
      submitRequest: () => Promise.reject(new Error('the password is hunter2')),
    });
    const answer = await http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    expect([answer.status, answer.body.type]).toEqual([500, `${problemTypePrefix}serverInternal`]);
    expect(answer.text).not.toContain('hunter2');
    expect(answer.text).not.toContain(' at ');
    const line = logLines.find((text) => text.includes('hunter2'))!;
    expect(line).toContain(answer.body.instance);
    expect(refusals).toHaveLength(1);
  });

  it('waits for its audit event before the answer leaves', async () => {
    let audited = false;
    const { http } = await openPublic({
      submitRequest: () => Promise.reject(new CaError('policyRefused', 'no')),
      recordRefusal: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        audited = true;
      },
    });
    const answer = await http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    expect([answer.status, audited]).toEqual([400, true]);
  });
});

describe('paths and methods', () => {
  it.each([
    ['GET', '/nowhere', 404, undefined],
    ['GET', '/v1/certificates/', 400, undefined],
    ['DELETE', certificates, 405, 'GET, HEAD, POST'],
    ['PUT', '/v1/certificates/00/revoke', 405, 'POST'],
    ['PATCH', '/v1/trust-bundles/dev.pem', 405, 'GET, HEAD'],
    ['QUERY', certificates, 405, 'GET, HEAD, POST'],
    ['GET', '/v1/trust-bundles/de%0Av.pem', 404, undefined],
    ['GET', '/v1/certificates/%zz', 400, undefined],
    ['GET', `/v1/certificates/${'a'.repeat(101)}`, 404, undefined],
    ['GET', '/v1/certificates/..%2f..%2fetc%2fpasswd', 404, undefined],
    ['GET', '/v1/certificates/%2e%2e', 404, undefined],
  ])('%s %s is %i, audited once, bad input 51', async (method, path, status, allow) => {
    const { http, refusals } = await openPublic();
    const answer = await http[method.toLowerCase() as 'get'](path).set('authorization', bearer);
    expect([answer.status, answer.headers.allow]).toEqual([status, allow]);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(refusals).toHaveLength(1);
  });

  it('shows markup in a subject as text that no browser runs, bad input 50', async () => {
    const { http } = await openPublic({
      readCertificate: async () => makeView({ subject: 'CN=<script>alert(1)</script>' }),
    });
    const answer = await http.get(`${certificates}/00`).set('authorization', bearer);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('credentials', () => {
  it.each([
    'pst_x',
    'Basic dXNlcjpwYXNz',
    'Bearer',
    'Bearer secret-one secret-two',
    'Bearer pst_wrong',
    `bearer  ${goodToken}x`,
  ])('are refused with 401 and never logged: %s', async (authorization) => {
    const { http, refusals, logLines } = await openPublic();
    const answer = await http.post(certificates).set('authorization', authorization).send({ csr: csr.csrPem });
    expect([answer.status, refusals.length]).toEqual([401, 1]);
    expect(logLines.join()).not.toContain(authorization.split(' ').at(-1));
  });

  it('are asked for before the body is looked at', async () => {
    const { http } = await openPublic();
    const answer = await http.post(certificates).type('application/xml').send('<x/>');
    expect(answer.status).toBe(401);
  });

  it('leave no trace of a token in any line of the log', async () => {
    const { http, logLines } = await openPublic();
    await http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    expect(logLines.some((line) => line.includes('/v1/certificates'))).toBe(true);
    expect(logLines.join()).not.toContain(goodToken.slice(4));
  });

  it('that fail too often are counted by address, audited once more, and never slow a good one down', async () => {
    const { http, refusals } = await openPublic({}, { failedAuthenticationsPerMinute: 3 });
    const attempt = (token: string) => http.get(certificates).set('authorization', `Bearer ${token}`);
    const statuses: number[] = [];
    for (let count = 0; count < 6; count++) statuses.push((await attempt('pst_wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
    expect(refusals.map(({ code }) => code)).toEqual([
      'unauthenticated',
      'unauthenticated',
      'unauthenticated',
      'rateLimited',
    ]);
    expect((await attempt(goodToken)).status).toBe(200);
  });
});

describe('a flood', () => {
  it('of one address is told to wait beyond its limit, and audited once', async () => {
    const { http, refusals } = await openPublic({}, { requestsPerMinute: 2 });
    const answers = [
      await http.get('/livez'),
      await http.get('/livez'),
      await http.get('/livez'),
      await http.get('/livez'),
      await http.get('/livez'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429, 429]);
    expect(Number(answers[3]!.headers['retry-after'])).toBe(60);
    expect(refusals).toHaveLength(1);
  });

  it('of submissions is bounded: what is over the limit is refused at once with Retry-After', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { http, refusals } = await openPublic(
      { submitRequest: () => promise.then(() => ({ kind: 'certificate', view: makeView() })) },
      { submitsInFlight: 2 },
    );
    const submit = () => http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    const answers = [submit(), submit(), submit()].map((pending) => pending.then((answer) => answer));
    const first = await Promise.race(answers);
    resolve();
    const statuses = (await Promise.all(answers)).map(({ status }) => status).sort();
    expect([first.status, first.headers['retry-after'], statuses]).toEqual([503, '1', [201, 201, 503]]);
    expect(refusals.map(({ code }) => code)).toEqual(['overloaded']);
  });

  it.each<[string, () => ReturnType<Services['submitRequest']>, number]>([
    ['in a certificate', async () => ({ kind: 'certificate', view: makeView() }), 201],
    ['in a refusal', () => Promise.reject(new CaError('badCSR', 'This is no CSR.')), 400],
    ['in what nobody expected', () => Promise.reject(new Error('no')), 500],
  ])('of submissions that have ended %s takes no room from the next ones', async (_what, submitRequest, status) => {
    const { http } = await openPublic({ submitRequest }, { submitsInFlight: 1 });
    const submit = () => http.post(certificates).set('authorization', bearer).send({ csr: csr.csrPem });
    for (let at = 0; at < 3; at++) expect((await submit()).status).toBe(status);
  });
});

describe('what anybody may fetch', () => {
  it('needs no credential', async () => {
    const { http } = await openPublic();
    const paths = ['/livez', '/readyz', '/v1/authorities', '/v1/authorities/dev-root/certificate'];
    const bundles = ['/v1/trust-bundles/dev', '/v1/trust-bundles/dev.pem', '/v1/trust-bundles/dev.p12'];
    for (const path of [...paths, ...bundles]) expect([path, (await http.get(path)).status]).toEqual([path, 200]);
  });

  it.each([
    [undefined, 200, 'application/json; charset=utf-8'],
    ['application/pem-certificate-chain', 200, 'application/pem-certificate-chain'],
    ['application/x-pkcs12', 200, 'application/x-pkcs12'],
    ['image/png', 406, 'application/problem+json; charset=utf-8'],
  ])('gives a trust bundle as Accept %s asks for it', async (accept, status, type) => {
    const { http } = await openPublic();
    const answer = await http.get('/v1/trust-bundles/dev').set(accept === undefined ? {} : { accept });
    expect([answer.status, answer.headers['content-type']]).toEqual([status, type]);
    if (status === 200) expect(answer.headers.vary).toBe('accept');
  });

  it('gives by Accept the octets that the ending gives, and 304 to who has them', async () => {
    const { http } = await openPublic();
    for (const [ending, accept] of [
      ['pem', 'application/pem-certificate-chain'],
      ['p12', 'application/x-pkcs12'],
    ] as const) {
      const { etag } = (await http.get(`/v1/trust-bundles/dev.${ending}`)).headers;
      const again = await http.get('/v1/trust-bundles/dev').set({ accept, 'if-none-match': String(etag) });
      expect(again.status).toBe(304);
    }
  });

  it('is 503 with the parts while a part is not ready, and no refusal', async () => {
    const part = { name: 'vault', ready: false, reason: 'sealed' };
    const { http, refusals } = await openPublic({ readiness: async () => [part] });
    const answer = await http.get('/readyz');
    expect([answer.status, answer.body]).toEqual([503, { status: 'unready', parts: [part] }]);
    expect(refusals).toEqual([]);
  });
});
