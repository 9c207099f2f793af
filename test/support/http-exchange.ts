/** One HTTP(S) request with full control over TLS, for tests that talk to a running service. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';

export interface ExchangeOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** PEM of the roots to trust. */
  readonly ca?: string;
  /** Client certificate and key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** Name to ask for and to check, where the URL has an address. */
  readonly servername?: string;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

export interface Exchange {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Resolves with any answer, whatever its status; rejects when there is none. */
export function exchange(url: string, options: ExchangeOptions = {}): Promise<Exchange> {
  const { method = 'GET', headers = {}, body, timeoutMs = 15_000, ...tls } = options;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((done, failed) => {
    const request = send(url, { method, headers: { ...lengthOf(body), ...headers }, ...tls }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', failed);
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer from ${url} in ${timeoutMs} ms`)));
    request.end(body);
  });
}

const lengthOf = (body: string | Uint8Array | undefined): Record<string, string> =>
  body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
