/** Sends webhooks over HTTPS by undici, loaded at the first one: to public or configured addresses, no redirects, bounded in all. */
import { lookup } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { Agent, buildConnector, Dispatcher } from 'undici';
import { webhookHeaders } from '../../domain/alerts/webhook-message.ts';
import type { CidrRange } from '../../domain/policy/cidr-range.ts';
import { judgeAddress } from '../../domain/policy/outbound-address.ts';
import { retryAfterSeconds } from '../../domain/retry-after.ts';
import type { WebhookMessage, WebhookOutcome, WebhookSender } from '../../ports/webhook-sender.ts';

export interface WebhookSenderOptions {
  readonly secrets: readonly Uint8Array[];
  /** Authorities that receivers' certificates may come from, beside the public ones; PEM. */
  readonly trustPem?: string;
  /** Addresses that are not public, or reached without TLS, and allowed all the same. */
  readonly configured: readonly CidrRange[];
  /** For one whole try. */
  readonly timeoutMs?: number;
}

const usualTimeoutMs = 10_000;
const mostAnswerOctets = 64 * 1024;

export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  let agent: Promise<Agent> | undefined;
  const timeoutMs = options.timeoutMs ?? usualTimeoutMs;

  /** A failure is not kept: what could not be loaded, as with too many files open, may be at the next try. */
  const agentNow = (): Promise<Agent> => {
    agent ??= openAgent(options, timeoutMs).catch((error: unknown) => {
      agent = undefined;
      throw error;
    });
    return agent;
  };

  const post = async ({ url, ...parts }: WebhookMessage, signal: AbortSignal): Promise<WebhookOutcome> => {
    const { origin, pathname, search } = new URL(url);
    const { statusCode, headers, body } = await (await agentNow()).request({
      origin,
      path: pathname + search,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...webhookHeaders(options.secrets, parts) },
      body: parts.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    // Read and forgotten: the receiver's words are nobody's instruction, and what becomes of them changes no status.
    await body.dump({ limit: mostAnswerOctets }).catch(() => {});
    return outcomeOf(statusCode, headers);
  };

  return {
    send: (message, signal) =>
      post(message, signal).catch((error: unknown): WebhookOutcome => ({ kind: 'failed', reason: reasonOf(error) })),
    close: async () => (await agent?.catch(() => undefined))?.destroy(),
  };
}

function outcomeOf(status: number, headers: Dispatcher.ResponseData['headers']): WebhookOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  const seconds = retryAfterSeconds(headers['retry-after'], headers.date);
  return { kind: 'failed', reason: `status ${status}`, ...(seconds !== undefined && { retryAfterSeconds: seconds }) };
}

/** A code, such as ECONNREFUSED or `addressRefused`: the message may name the URL. */
function reasonOf(error: unknown): string {
  const { code, name } = error as Partial<NodeJS.ErrnoException>;
  if (typeof code === 'string') return code;
  return name === 'TimeoutError' ? 'timeout' : 'no connection';
}

async function openAgent(options: WebhookSenderOptions, timeoutMs: number): Promise<Agent> {
  const undici = await import('undici');
  const connector = undici.buildConnector({
    timeout: timeoutMs,
    minVersion: 'TLSv1.2',
    ca: [...rootCertificates, ...(options.trustPem === undefined ? [] : [options.trustPem])],
    lookup: guardedLookup(options.configured),
  });
  return new undici.Agent({
    connect: guardedConnector(connector, options.configured),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: mostAnswerOctets,
    // Nobody is told often: a connection is not kept for the next time.
    pipelining: 0,
  });
}

class AddressRefused extends Error {
  readonly code = 'addressRefused';
}

/** Nothing is sent to a name of which one address is refused; the connected one is judged again, for names can change. */
function guardedLookup(configured: readonly CidrRange[]): LookupFunction {
  return (hostname, { all, ...options }, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      if (addresses.some(({ address }) => judgeAddress(address, configured) === undefined)) {
        return callback(new AddressRefused(), '', 0);
      }
      if (all) return callback(null, addresses);
      callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

/** Without TLS only configured addresses are spoken to. */
export function mayReach(protocol: string | undefined, address: string, configured: readonly CidrRange[]): boolean {
  const verdict = judgeAddress(address, configured);
  return verdict === 'configured' || (verdict === 'public' && protocol === 'https:');
}

/** An address in a URL is looked up by nobody. */
function guardedConnector(
  connector: buildConnector.connector,
  configured: readonly CidrRange[],
): buildConnector.connector {
  return (options, callback) => {
    const refuses = (address: string): boolean => !mayReach(options.protocol, address, configured);
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) && refuses(host)) return callback(new AddressRefused(), null);
    connector(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      const { remoteAddress = '' } = socket as Socket;
      if (!refuses(remoteAddress)) return callback(null, socket as Socket);
      (socket as Socket).destroy();
      callback(new AddressRefused(), null);
    });
  };
}
