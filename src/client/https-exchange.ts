/** One request and its whole answer over HTTPS, with limits on time and size: by Node's own client. */
import type { IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, type RequestOptions, request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, createSecureContext, type SecureContext } from 'node:tls';
import { retryAfterSeconds } from '../domain/retry-after.ts';
import { connectionFailure, failure } from './connection-failure.ts';
import { readWhole } from './read-whole.ts';

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
  const { token, timeoutMs = 30_000, maxAnswerBytes = 16 * 1024 * 1024 } = options;
  const secureContext = secureContextOf(options, url.host);
  const connectMs = Math.min(timeoutMs, 10_000);
  const agent = new ShakenAgent({ keepAlive: true, maxSockets: 1, secureContext, connectMs });
  // A stream may take long: others do not wait for it.
  const streaming = new ShakenAgent({ secureContext, connectMs });
  const underWay = new Set<Promise<ExchangeAnswer>>();

  const exchange = async (request: ExchangeRequest): Promise<ExchangeAnswer> => {
    // A peer that sends an octet now and then never idles: the limit is on the whole exchange.
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const answer = await answerTo(request, { url, token, agent, signal });
      return { ...headOf(answer), body: await readWhole(answer, maxAnswerBytes, url.host) };
    } catch (error) {
      throw signal.aborted ? failure('timeout', url.host, error) : connectionFailure(error, url.host);
    }
  };

  return {
    send(request) {
      const answer = exchange(request).finally(() => underWay.delete(answer));
      underWay.add(answer);
      return answer;
    },
    async stream(request) {
      const answer = await answerTo(request, { url, token, agent: streaming, timeout: timeoutMs }).catch(
        (error: unknown) => {
          throw connectionFailure(error, url.host);
        },
      );
      answer.setTimeout(timeoutMs, () => answer.destroy(failure('timeout', url.host)));
      return { ...headOf(answer), body: unbroken(answer, url.host) };
    },
    async close() {
      await Promise.allSettled(underWay);
      agent.destroy();
      // Whoever stops reading a stream wants no more of it.
      streaming.destroy();
    },
  };
}

interface Connecting extends AgentOptions {
  readonly connectMs: number;
}

/**
 * Hands a connection over only when its handshake is done: what goes wrong before is told in TLS's own words, and a peer
 * that never finishes it is given up sooner than one that thinks.
 */
class ShakenAgent extends Agent {
  readonly #connectMs: number;

  constructor({ connectMs, ...options }: Connecting) {
    super({ ...options, rejectUnauthorized: true });
    this.#connectMs = connectMs;
  }

  override createConnection(
    options: ConnectionOptions,
    done: (error: Error | null, socket?: Duplex) => void,
  ): undefined {
    const socket = connect(options);
    const limit = setTimeout(() => socket.destroy(silence()), this.#connectMs);
    socket.once('error', done);
    socket.once('close', () => clearTimeout(limit));
    socket.once('secureConnect', () => {
      clearTimeout(limit);
      socket.off('error', done);
      done(null, socket);
    });
  }
}

const silence = (): Error => Object.assign(new Error('the peer is silent'), { code: 'ETIMEDOUT' });

interface Ask extends Pick<RequestOptions, 'agent' | 'signal' | 'timeout'> {
  readonly url: URL;
  readonly token: string | undefined;
}

/** The head of the answer; its body is still to be read. */
function answerTo(request: ExchangeRequest, { url, token, ...limits }: Ask): Promise<IncomingMessage> {
  const { method, path } = request;
  return new Promise((resolve, reject) => {
    const asked = requestHttps(url, { method, path, headers: headersOf(request, token), ...limits }, resolve);
    asked.on('timeout', () => asked.destroy(silence()));
    asked.on('error', reject);
    asked.end(request.json === undefined ? undefined : JSON.stringify(request.json));
  });
}

const headOf = ({ statusCode, headers }: IncomingMessage) => ({
  status: statusCode!,
  mediaType: mediaTypeOf(headers['content-type']),
  retryAfterSeconds: retryAfterSeconds(headers['retry-after'], headers.date),
});

async function* unbroken(body: AsyncIterable<Uint8Array>, host: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw connectionFailure(error, host);
  }
}

/** Made here because Node would report what is wrong with it only at the first connection, in words of OpenSSL. */
function secureContextOf({ caPem, certPem, keyPem }: ConnectOptions, host: string): SecureContext {
  const own = { ...(certPem && { cert: certPem }), ...(keyPem && { key: keyPem }) };
  try {
    return createSecureContext({ ca: caPem, ...own, minVersion: 'TLSv1.2' });
  } catch (error) {
    throw failure('ownCertificateUnusable', host, error);
  }
}

function headersOf(request: ExchangeRequest, token: string | undefined): Record<string, string> {
  return {
    accept: `${request.accept}, application/problem+json`,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(request.json !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
}

const mediaTypeOf = (value = ''): string => value.split(';', 1)[0]!.trim().toLowerCase();
