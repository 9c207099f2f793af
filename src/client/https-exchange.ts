/** One request and its whole answer over HTTPS, with limits on time and size: the only user of undici, loaded at first use. */
import { createSecureContext } from 'node:tls';
import type { Agent, Dispatcher } from 'undici';
import { connectionFailure, failure } from './connection-failure.ts';

export interface ConnectOptions {
  /** `https://host:port`. */
  readonly baseUrl: string;
  /** The authorities trusted for the service's certificate; no other is. */
  readonly caPem: string;
  /** Client certificate with its chain, and its key, for mutual TLS. */
  readonly certPem?: string;
  readonly keyPem?: string;
  /** Bearer token. */
  readonly token?: string;
  /** For one whole exchange; 30 s if absent. */
  readonly timeoutMs?: number;
  /** Largest answer that is read, in octets; 16 MiB if absent. */
  readonly maxAnswerBytes?: number;
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly accept: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

export interface ExchangeAnswer {
  readonly status: number;
  /** Lower case, without parameters; empty without one. */
  readonly mediaType: string;
  readonly retryAfterSeconds: number | undefined;
  readonly body: string;
}

/** An answer whose body is still to come; it ends with ClientFailure if the connection breaks. */
export interface StreamedAnswer extends Omit<ExchangeAnswer, 'body'> {
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HttpsExchange {
  /** As `send`, but of any length: the limit of time is on each silence, and there is none on the size. */
  stream(request: ExchangeRequest): Promise<StreamedAnswer>;
  /** Throws ClientFailure when no whole answer comes; any status is an answer. */
  send(request: ExchangeRequest): Promise<ExchangeAnswer>;
  close(): Promise<void>;
}

/** Throws ClientFailure `ownCertificateUnusable` when the PEM texts cannot be loaded or do not fit together. */
export function openExchange(options: ConnectOptions): HttpsExchange {
  const url = new URL(options.baseUrl);
  assertUsable(options, url.host);
  let agent: Promise<Agent> | undefined;
  let streaming: Promise<Agent> | undefined;
  const ask = (agent: Agent, request: ExchangeRequest, signal?: AbortSignal) =>
    agent.request({
      origin: url.origin,
      path: request.path,
      method: request.method,
      headers: headersOf(request, options.token),
      body: request.json === undefined ? null : JSON.stringify(request.json),
      ...(signal && { signal }),
    });
  const exchange = async (request: ExchangeRequest): Promise<ExchangeAnswer> => {
    agent ??= openAgent(options);
    // A peer that sends an octet now and then never idles: the limit is on the whole exchange.
    const answer = await ask(await agent, request, AbortSignal.timeout(options.timeoutMs ?? 30_000));
    return { ...headOf(answer), body: await answer.body.text() };
  };
  const stream = async (request: ExchangeRequest): Promise<StreamedAnswer> => {
    streaming ??= openAgent({ ...options, maxAnswerBytes: unlimited });
    const answer = await ask(await streaming, request);
    return { ...headOf(answer), body: unbroken(answer.body, url.host) };
  };
  return {
    send: (request) =>
      exchange(request).catch((error: unknown) => {
        throw connectionFailure(error, url.host);
      }),
    stream: (request) =>
      stream(request).catch((error: unknown) => {
        throw connectionFailure(error, url.host);
      }),
    close: async () => {
      await (await agent)?.close();
      // Whoever stops reading a stream wants no more of it.
      await (await streaming)?.destroy();
    },
  };
}

/** undici's word for no limit. */
const unlimited = -1;

const headOf = ({ statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>) => ({
  status: statusCode,
  mediaType: mediaTypeOf(headers['content-type']),
  retryAfterSeconds: secondsOf(headers['retry-after']),
});

async function* unbroken(body: AsyncIterable<Uint8Array>, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw connectionFailure(error, host);
  }
}

/** Node would report these only at the first connection, in words of OpenSSL. */
function assertUsable({ caPem, certPem, keyPem }: ConnectOptions, host: string): void {
  try {
    createSecureContext({ ca: caPem, ...(certPem && { cert: certPem }), ...(keyPem && { key: keyPem }) });
  } catch (error) {
    throw failure('ownCertificateUnusable', host, error);
  }
}

async function openAgent(options: ConnectOptions): Promise<Agent> {
  const undici = await import('undici');
  return new undici.Agent({
    connect: {
      ca: options.caPem,
      ...(options.certPem && { cert: options.certPem }),
      ...(options.keyPem && { key: options.keyPem }),
      minVersion: 'TLSv1.2',
      timeout: Math.min(options.timeoutMs ?? 30_000, 10_000),
    },
    headersTimeout: options.timeoutMs ?? 30_000,
    bodyTimeout: options.timeoutMs ?? 30_000,
    maxResponseSize: options.maxAnswerBytes ?? 16 * 1024 * 1024,
    connections: 1,
  });
}

function headersOf(request: ExchangeRequest, token: string | undefined): Record<string, string> {
  return {
    accept: `${request.accept}, application/problem+json`,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(request.json !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
}

const first = (value: string | string[] | undefined): string => (Array.isArray(value) ? value[0] : value) ?? '';

const mediaTypeOf = (value: string | string[] | undefined): string =>
  first(value).split(';', 1)[0]!.trim().toLowerCase();

/** delta-seconds only (RFC 9110 §10.2.3): this service sends no dates there. */
function secondsOf(value: string | string[] | undefined): number | undefined {
  return /^\d{1,9}$/.test(first(value)) ? Number(first(value)) : undefined;
}
