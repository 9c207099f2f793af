/** One request to OpenBao's HTTP API over kept connections, and its answer as a status and JSON: no redirects, limits on time and size. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { retryAfterSeconds } from '../../domain/retry-after.ts';
import { BaoError, type Trouble } from './bao-trouble.ts';

export interface ConnectionOptions {
  /** `https://host:port`. */
  readonly address: string;
  readonly caPem?: string;
  readonly serverName?: string;
  /** For TLS; both or none. */
  readonly certificatePem?: string;
  readonly keyPem?: string;
}

export interface BaoCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/v1/`; segments are plain already. */
  readonly path: string;
  readonly body?: object;
  /** For the whole exchange, connection and TLS included. */
  readonly timeLimitMs: number;
}

export interface BaoAnswer {
  readonly status: number;
  /** The whole document; empty when there is none, or when it is no JSON object. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Whether there was a body that is no JSON object, as a proxy's page. */
  readonly foreign: boolean;
  /** How long it asks to be left alone, if it does. */
  readonly retryAfterSeconds: number | undefined;
}

export interface BaoConnection {
  /** Rejects with BaoError when no whole answer came; any status is an answer. */
  send(call: BaoCall, headers: Readonly<Record<string, string>>): Promise<BaoAnswer>;
  close(): Promise<void>;
}

/** A batch of two hundred RSA-4096 signatures is a seventh of it. */
const mostAnswerOctets = 1024 * 1024;
/** More than what is under way at once, unless a policy allows no batches. */
const mostConnections = 32;
/** Before the server closes it, as one in between may without a word. */
const idleMs = 60_000;

export function openConnection(options: ConnectionOptions): BaoConnection {
  const agent = openAgent(options);
  const { hostname, port } = urlToHttpOptions(new URL(options.address));
  const underWay = new Set<(error: Error) => void>();

  const exchange = (call: BaoCall, headers: Readonly<Record<string, string>>): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const body = call.body === undefined ? undefined : JSON.stringify(call.body);
      const sent = request({
        ...{ agent, hostname, port, method: call.method, path: `/v1/${call.path}` },
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      });
      // While it waits for a connection, a request that is destroyed emits nothing: so it is rejected first.
      const end = (error: Error): void => {
        reject(error);
        sent.destroy();
      };
      // Made only when it is needed: its stack would cost every request a hundredth of a millisecond.
      const timer = setTimeout(() => end(new TooSlow()), call.timeLimitMs);
      underWay.add(end);
      let isAnswered = false;
      sent.on('response', (response) => {
        isAnswered = true;
        readAnswer(response).then(resolve, end);
      });
      sent.on('error', reject);
      sent.on('close', () => {
        clearTimeout(timer);
        underWay.delete(end);
        // As after an upgrade that nobody asked for, of which there is no error.
        if (!isAnswered) reject(new Unanswered());
      });
      sent.end(body);
    });

  return {
    async send(call, headers) {
      try {
        const { text, ...answered } = await exchange(call, headers);
        return { ...answered, ...parsed(text) };
      } catch (error) {
        throw connectionTrouble(error);
      }
    },
    async close() {
      for (const end of underWay) end(new Error('closed'));
      agent.destroy();
    },
  };
}

function openAgent({ caPem, serverName, certificatePem, keyPem }: ConnectionOptions): Agent {
  return new Agent({
    keepAlive: true,
    maxSockets: mostConnections,
    timeout: idleMs,
    minVersion: 'TLSv1.2',
    ...(caPem !== undefined && { ca: caPem }),
    ...(serverName !== undefined && { servername: serverName }),
    ...(certificatePem !== undefined && { cert: certificatePem }),
    ...(keyPem !== undefined && { key: keyPem }),
  });
}

interface Answered extends Pick<BaoAnswer, 'status' | 'retryAfterSeconds'> {
  readonly text: string;
}

/** By events: the iterator of a stream takes half a millisecond more, which whoever waits for one signature would wait, too. */
function readAnswer(response: IncomingMessage): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    response.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > mostAnswerOctets) reject(new TooLong());
      else chunks.push(chunk);
    });
    response.on('end', () =>
      resolve({
        status: response.statusCode!,
        retryAfterSeconds: retryAfterSeconds(response.headers['retry-after'], response.headers.date),
        text: Buffer.concat(chunks).toString(),
      }),
    );
    response.on('error', reject);
  });
}

function parsed(text: string): Pick<BaoAnswer, 'json' | 'foreign'> {
  if (text === '') return { json: {}, foreign: false };
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json))
      return { json: json as Record<string, unknown>, foreign: false };
  } catch {
    // A proxy's page, or the server's own plain text for HTTP on its TLS port.
  }
  return { json: {}, foreign: true };
}

class Unanswered extends Error {
  readonly code = 'ECONNRESET';
}

class TooSlow extends Error {
  readonly code = 'TOO_SLOW';
}

class TooLong extends Error {
  readonly code = 'TOO_LONG';
}

const connectionTrouble = (error: unknown): BaoError => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  const known = String(code ?? name);
  return new BaoError(troubleOf(known), `no answer (${known})`, { cause: error });
};

/** OpenSSL's and Node's names of what certificates can be wrong with (node:tls, X509 certificate error codes). */
const certificateCodes =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|PATH_)/;

function troubleOf(code: string): Trouble {
  if (code === 'TOO_SLOW') return 'timeout';
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return 'misconfigured';
  if (certificateCodes.test(code)) return 'untrusted';
  if (code === 'TOO_LONG' || code.startsWith('HPE_')) return 'misconfigured';
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'unreachable';
}
