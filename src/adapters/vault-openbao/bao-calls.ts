/** One request to OpenBao's HTTP API over kept connections, and its answer as a status and JSON: no redirects, limits on time and size. */
import type { Agent } from 'undici';
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
}

export interface BaoConnection {
  /** Rejects with BaoError when no whole answer came; any status is an answer. */
  send(call: BaoCall, headers: Readonly<Record<string, string>>): Promise<BaoAnswer>;
  close(): Promise<void>;
}

/** A batch of two hundred RSA-4096 signatures is a seventh of it. */
const mostAnswerOctets = 1024 * 1024;
/** More than what is ever under way at once; idle ones are closed by either side. */
const mostConnections = 32;

/** undici is loaded at the first request. */
export function openConnection(options: ConnectionOptions): BaoConnection {
  let agent: Promise<Agent> | undefined;
  const closing = new AbortController();

  const exchange = async (call: BaoCall, headers: Readonly<Record<string, string>>): Promise<BaoAnswer> => {
    agent ??= openAgent(options);
    const opened = await agent;
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    const timer = setTimeout(abort, call.timeLimitMs);
    closing.signal.addEventListener('abort', abort, { once: true });
    try {
      const { statusCode, body } = await opened.request({
        origin: options.address,
        path: `/v1/${call.path}`,
        method: call.method,
        headers: { ...headers, ...(call.body && { 'content-type': 'application/json' }) },
        body: call.body ? JSON.stringify(call.body) : null,
        signal: aborter.signal,
      });
      return { status: statusCode, ...parsed(await body.text()) };
    } catch (error) {
      throw connectionTrouble(error, aborter.signal.aborted);
    } finally {
      clearTimeout(timer);
      closing.signal.removeEventListener('abort', abort);
    }
  };

  return {
    send: exchange,
    async close() {
      closing.abort();
      await (await agent)?.destroy();
    },
  };
}

async function openAgent(options: ConnectionOptions): Promise<Agent> {
  const undici = await import('undici');
  return new undici.Agent({
    connect: {
      minVersion: 'TLSv1.2',
      ...(options.caPem !== undefined && { ca: options.caPem }),
      ...(options.serverName !== undefined && { servername: options.serverName }),
      ...(options.certificatePem !== undefined && { cert: options.certificatePem }),
      ...(options.keyPem !== undefined && { key: options.keyPem }),
    },
    connections: mostConnections,
    maxResponseSize: mostAnswerOctets,
    keepAliveTimeout: 60_000,
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

const resets: readonly string[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'];

function connectionTrouble(error: unknown, aborted: boolean): BaoError {
  const code = codeOf(error);
  const trouble = aborted ? 'timeout' : troubleOf(code);
  return new BaoError(trouble, `no answer (${code})`, error);
}

/** OpenSSL's and Node's names of what certificates can be wrong with (node:tls, X509 certificate error codes). */
const certificateCodes =
  /^(ERR_TLS|ERR_SSL|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|PATH_)/;

function troubleOf(code: string): Trouble {
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return 'misconfigured';
  if (certificateCodes.test(code)) return 'untrusted';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || code.startsWith('HPE_')) return 'misconfigured';
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
  return resets.includes(code) ? 'reset' : 'unreachable';
}

/** undici wraps what the socket said. */
function codeOf(error: unknown): string {
  const { code, cause, name } = error as { code?: unknown; cause?: unknown; name?: unknown };
  const inner = cause === undefined ? undefined : codeOf(cause);
  if (inner !== undefined && inner !== 'Error') return inner;
  return typeof code === 'string' ? code : String(name);
}
