import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ConnectOptions, connect, type PrivysealClient } from '../../src/client/client.ts';
import { connectionFailure } from '../../src/client/connection-failure.ts';
import { ClientFailure, ClientProblem } from '../../src/client/failure.ts';
import { answersNow, makeCertificateJson, makeProblem, makeStatus, makeSummary } from '../support/certificate-json.ts';
import { makePending } from '../support/request-json.ts';
import {
  keyPemOf,
  type Responder,
  type StubService,
  startStubService,
  stubClientCertificate,
  stubServerCertificate,
} from '../support/stub-service.ts';
import { makeTestCertificate } from '../support/test-hierarchy.ts';

const csr = '-----BEGIN CERTIFICATE REQUEST-----';

function clientOf(
  service: Pick<StubService, 'baseUrl' | 'caPem'>,
  more: Partial<ConnectOptions> = {},
): PrivysealClient {
  const client = connect({ baseUrl: service.baseUrl, caPem: service.caPem, ...more });
  onTestFinished(() => client.close());
  return client;
}

const codeOf = async (act: Promise<unknown>): Promise<string> => {
  const error = await act.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof ClientFailure || error instanceof ClientProblem ? error.code : `other: ${error}`;
};

describe('a request', () => {
  it('carries the token, the body and a key against doing it twice', async () => {
    const service = await startStubService(() => ({ status: 201, body: makeCertificateJson() }));
    const issued = await clientOf(service, { token: 'pst_secret' }).submit({ csr, profile: 'server' });
    expect(issued).toEqual({ kind: 'certificate', certificate: makeCertificateJson() });
    const [request] = service.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/v1/certificates' });
    expect(JSON.parse(request!.body)).toEqual({ csr, profile: 'server' });
    expect(request!.headers.authorization).toBe('Bearer pst_secret');
    expect(request!.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('that waits for approval is told from a certificate by the status alone', async () => {
    const service = await startStubService(() => ({ status: 202, body: makePending() }));
    const pending = { kind: 'request', request: makePending() };
    const client = clientOf(service);
    expect(await client.submit({ csr })).toEqual(pending);
    expect(await client.rotate('01', { csr })).toEqual(pending);
    expect(await client.collect('../x', 5)).toEqual(pending);
    expect(service.requests.at(-1)!.path).toBe('/v1/requests/..%2Fx?wait=5');
    const odd = await startStubService(() => ({ status: 202, body: makeCertificateJson() }));
    expect(await codeOf(clientOf(odd).submit({ csr }))).toBe('badAnswer');
  });

  it('shows the client certificate that it was given', async () => {
    const certificate = stubClientCertificate();
    const service = await startStubService(() => ({ body: makeStatus() }), {
      tls: { requestCert: true, rejectUnauthorized: true },
    });
    await clientOf(service, { certPem: certificate.pem, keyPem: keyPemOf(certificate) }).status();
    expect(service.requests[0]!.clientDer).toEqual(Buffer.from(certificate.der));
  });

  it('keeps what comes from outside inside one segment of the path', async () => {
    const service = await startStubService(() => ({ body: makeCertificateJson() }));
    await clientOf(service).read('../trust-bundles?x');
    expect(service.requests[0]!.path).toBe('/v1/certificates/..%2Ftrust-bundles%3Fx');
  });

  it('is sent once more, with the same key, when the connection broke before the certificate came', async () => {
    const service = await startStubService((_request, response) => {
      if (service.requests.length > 1) return { status: 201, body: makeCertificateJson() };
      response.destroy();
      return undefined;
    });
    await clientOf(service).submit({ csr });
    const keys = service.requests.map((request) => request.headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it('is not sent again when it is a revocation', async () => {
    const service = await startStubService((_request, response) => {
      response.destroy();
      return undefined;
    });
    expect(await codeOf(clientOf(service).revoke('01ab', { reason: 'superseded' }))).toBe('connectionBroken');
    expect(service.requests).toHaveLength(1);
  });
});

describe('a list', () => {
  it('asks for the next page only when it is wanted', async () => {
    const service = await startStubService(({ path }) => ({
      body: path.includes('cursor=second')
        ? { items: [makeSummary({ serial: '02' })], nextCursor: null }
        : { items: [makeSummary({ serial: '01' })], nextCursor: 'second' },
    }));
    const pages = clientOf(service).list({ name: '*.dev.internal', limit: 1 });
    const first = await pages.next();
    expect(first.value?.items.map((item: { serial: string }) => item.serial)).toEqual(['01']);
    expect(service.requests.map((request) => request.path)).toEqual(['/v1/certificates?name=*.dev.internal&limit=1']);
    const second = await pages.next();
    expect(second.value?.items[0].serial).toBe('02');
    expect((await pages.next()).done).toBe(true);
    expect(service.requests).toHaveLength(2);
  });
});

describe('an answer', () => {
  const answering = async (respond: Responder, more: Partial<ConnectOptions> = {}) =>
    codeOf(clientOf(await startStubService(respond), more).status());

  it('may say more than this version knows', async () => {
    const service = await startStubService(() => ({ body: { ...makeStatus(), mood: 'good' } }));
    expect(await clientOf(service).status()).toEqual(makeStatus());
  });

  it.each<[string, Responder]>([
    ['of another shape', () => ({ body: { version: 7 } })],
    ['of another media type', () => ({ mediaType: 'text/html', body: JSON.stringify(makeStatus()) })],
    ['that is not JSON', () => ({ mediaType: 'application/json', body: '{"version":' })],
    [
      'that is an error without a problem',
      () => ({ status: 502, mediaType: 'text/html', body: '<h1>Bad Gateway</h1>' }),
    ],
    ['that redirects', () => ({ status: 302, headers: { location: 'https://localhost/' }, body: '' })],
  ])('%s is refused', async (_what, respond) => {
    expect(await answering(respond)).toBe('badAnswer');
  });

  it('of a proxy is told with its status', async () => {
    const service = await startStubService(() => ({
      status: 502,
      mediaType: 'text/html',
      body: '<h1>Bad Gateway</h1>',
    }));
    await expect(clientOf(service).status()).rejects.toThrow(/ answered 502, /);
  });

  it('that states a problem becomes an error with its type, status, detail and reasons', async () => {
    const service = await startStubService(() => ({
      status: 400,
      mediaType: 'application/problem+json; charset=utf-8',
      headers: { 'retry-after': '17' },
      body: makeProblem(),
    }));
    const error = await clientOf(service)
      .submit({ csr })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientProblem);
    const { type, code, status, detail, reasons, retryAfterSeconds } = error as ClientProblem;
    expect({ type, code, status, detail, reasons, retryAfterSeconds }).toEqual({
      type: 'https://privyseal.dev/problems/rejectedIdentifier',
      code: 'rejectedIdentifier',
      status: 400,
      detail: 'Refused for 2 reasons.',
      reasons: makeProblem().reasons,
      retryAfterSeconds: 17,
    });
  });

  it('larger than the limit is not read', async () => {
    expect(await answering(() => ({ body: 'x'.repeat(5000) }), { maxAnswerBytes: 1000 })).toBe('answerTooLarge');
  });

  it('that never comes ends in a timeout', async () => {
    expect(await answering(() => undefined, { timeoutMs: 300 })).toBe('timeout');
  });

  it('that comes octet by octet ends in a timeout, too', async () => {
    const drip: Responder = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      return undefined;
    };
    expect(await answering(drip, { timeoutMs: 400 })).toBe('timeout');
  });

  it('of an unready service tells its parts instead of failing', async () => {
    const parts = [{ name: 'vault', ready: false, reason: 'locked' }];
    const service = await startStubService(() => ({ status: 503, body: { status: 'unready', parts } }));
    expect(await clientOf(service).readiness()).toEqual({ status: 'unready', parts });
  });
});

describe('a connection', () => {
  const respond: Responder = () => ({ body: makeStatus() });

  it('trusts no authority but the given one', async () => {
    const service = await startStubService(respond);
    const other = makeTestCertificate({
      now: answersNow / 1000,
      commonName: 'Other',
      keyUsage: ['keyCertSign'],
      basicConstraints: { ca: true },
    });
    expect(await codeOf(clientOf(service, { caPem: other.pem }).status())).toBe('notTrusted');
    expect(service.requests).toEqual([]);
  });

  it('refuses a service whose certificate is for another host', async () => {
    const certificate = stubServerCertificate({ names: [{ type: 'dns', value: 'elsewhere.internal' }] });
    const service = await startStubService(respond, { certificate });
    expect(await codeOf(clientOf(service).status())).toBe('wrongName');
  });

  it('refuses a service whose certificate has expired', async () => {
    const certificate = stubServerCertificate({ now: 1_700_000_000 });
    const service = await startStubService(respond, { certificate });
    expect(await codeOf(clientOf(service).status())).toBe('outOfTime');
  });

  it('without a client certificate to a face that requires one fails at once', async () => {
    const service = await startStubService(respond, { tls: { requestCert: true, rejectUnauthorized: true } });
    expect(['connectionBroken', 'ownCertificateMissing']).toContain(await codeOf(clientOf(service).status()));
    expect(service.requests).toEqual([]);
  });

  it('to a port where nobody listens is refused', async () => {
    const server = createTcpServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { caPem } = await startStubService(respond);
    expect(await codeOf(clientOf({ baseUrl: `https://localhost:${port}`, caPem }).status())).toBe('connectionRefused');
  });

  it('to a server without TLS says so', async () => {
    const server = createPlainServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { caPem } = await startStubService(respond);
    expect(await codeOf(clientOf({ baseUrl: `https://localhost:${port}`, caPem }).status())).toBe('notTls');
  });

  it('with a key that is not the certificate’s is not tried', async () => {
    const service = await startStubService(respond);
    const credential = { certPem: stubClientCertificate().pem, keyPem: keyPemOf(stubClientCertificate()) };
    expect(() => clientOf(service, credential)).toThrow(expect.objectContaining({ code: 'ownCertificateUnusable' }));
  });
});

describe('connectionFailure', () => {
  const coded = (code: string) => Object.assign(new Error(code), { code });

  it.each([
    ['ENOTFOUND', 'addressUnknown'],
    ['EAI_AGAIN', 'addressUnknown'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ownCertificateMissing'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'ownCertificateRefused'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'ownCertificateRefused'],
    ['HPE_INVALID_CONSTANT', 'badAnswer'],
  ])('reads %s as %s', (code, expected) => {
    expect(connectionFailure(coded(code), 'ca:1').code).toBe(expected);
  });

  it('looks into what several addresses reported', () => {
    expect(connectionFailure(new AggregateError([coded('ECONNREFUSED')]), 'ca:1').code).toBe('connectionRefused');
  });

  it('does not take a defect for a bad connection', () => {
    expect(() => connectionFailure(new TypeError('x is undefined'), 'ca:1')).toThrow(TypeError);
  });

  it('names the address and keeps the cause', () => {
    const cause = coded('ECONNREFUSED');
    const failure = connectionFailure(cause, 'ca.internal:8443');
    expect(failure.message).toContain('ca.internal:8443');
    expect(failure.cause).toBe(cause);
  });
});
