/** An HTTPS server with certificates made for the test that answers as it is told: the other end for tests of the client and the command line. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { listening } from './listening.ts';
import { makeTestCertificate, type TestCertificate } from './test-hierarchy.ts';

export interface ReceivedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** DER of the client's certificate, undefined without one. */
  readonly clientDer: Buffer | undefined;
}

/** Answers one request; takes `response` only when the answer is to be ill-behaved. */
export type Responder = (request: ReceivedRequest, response: ServerResponse) => StubAnswer | undefined;

export interface StubAnswer {
  readonly status?: number;
  readonly mediaType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, or a value to send as JSON. */
  readonly body: unknown;
}

export interface StubService {
  readonly baseUrl: string;
  readonly caPem: string;
  readonly requests: ReceivedRequest[];
}

const now = Math.floor(Date.now() / 1000);

/** One for all tests of a file: a self-signed root, as `trust/system.pem` holds. */
const stubRoot: TestCertificate = makeTestCertificate({
  now,
  commonName: 'Stub system',
  keyUsage: ['keyCertSign', 'cRLSign'],
  basicConstraints: { ca: true },
  days: 3650,
});

/** The server's certificate, for localhost unless told otherwise. */
export const stubServerCertificate = (
  override: Partial<Parameters<typeof makeTestCertificate>[0]> = {},
): TestCertificate =>
  makeTestCertificate({
    now,
    issuer: stubRoot,
    commonName: 'localhost',
    names: [{ type: 'dns', value: 'localhost' }],
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['serverAuth'],
    ...override,
  });

/** A client certificate of the same root. */
export const stubClientCertificate = (): TestCertificate =>
  makeTestCertificate({
    now,
    issuer: stubRoot,
    commonName: 'admin',
    keyUsage: ['digitalSignature'],
    extKeyUsage: ['clientAuth'],
  });

export const keyPemOf = ({ key }: TestCertificate): string =>
  key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Listens on a free port of the loopback address until the test ends. */
export async function startStubService(
  respond: Responder,
  options: { readonly certificate?: TestCertificate; readonly tls?: ServerOptions } = {},
): Promise<StubService> {
  const certificate = options.certificate ?? stubServerCertificate();
  const requests: ReceivedRequest[] = [];
  const server = createServer(
    { cert: certificate.pem, key: keyPemOf(certificate), ca: stubRoot.pem, ...options.tls },
    (incoming, response) => {
      void receive(incoming).then((request) => {
        requests.push(request);
        const answer = respond(request, response);
        if (answer) send(response, answer);
      });
    },
  );
  const port = await listening(server, '127.0.0.1');
  return { baseUrl: `https://localhost:${port}`, caPem: stubRoot.pem, requests };
}

async function receive(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method = '', url: path = '', headers } = incoming;
  const { raw } = (incoming.socket as TLSSocket).getPeerCertificate() as { raw?: Buffer };
  return { method, path, headers, body: Buffer.concat(chunks).toString(), clientDer: raw };
}

function send(response: ServerResponse, { status = 200, mediaType, headers, body }: StubAnswer): void {
  const isText = typeof body === 'string';
  const type = mediaType ?? (isText ? 'text/plain' : 'application/json; charset=utf-8');
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(isText ? body : JSON.stringify(body));
}
