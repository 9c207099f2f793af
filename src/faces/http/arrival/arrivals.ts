/** Whether a request may come in at all: what is looked at before anybody knows what it asks. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { CaError } from '../../../domain/errors.ts';
import type { FaceDeps } from '../face-deps.ts';
import type { ConnectionRegistry } from './connection-registry.ts';
import { createRateWindow } from './rate-window.ts';

/** RFC 3986 §3.2, without userinfo: a name or an address, and perhaps a port. */
const hostAndPort = /^(?:[\w.~!$&'()*+,;=%-]*|\[[\da-fA-F:.]+\])(?::\d*)?$/;

/** RFC 9112 §3.2: a request of HTTP/1.1 has one, and nobody may say two things in it. */
export function hasGoodHost({ headers: { host }, httpVersion, rawHeaders }: IncomingMessage): boolean {
  if (host === undefined) return httpVersion !== '1.1';
  return hostAndPort.test(host) && countOf('host', rawHeaders) === 1;
}

/** RFC 9112 §6.1: who knows another coding, or none in HTTP/1.0, would see another body, and another request behind it. */
const hasGoodFraming = ({ headers: { 'transfer-encoding': coding }, httpVersion }: IncomingMessage): boolean =>
  coding === undefined || (httpVersion === '1.1' && coding.toLowerCase() === 'chunked');

/** How often a field comes; `field` in lower case. */
export function countOf(field: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    if (name.length === field.length && name.toLowerCase() === field) count++;
  }
  return count;
}

export interface Arrivals {
  refusal(request: IncomingMessage): RefusedArrival | undefined;
  /** Counts a request that nothing speaks against; false: something may, and nothing was counted. */
  admits(socket: Socket): boolean;
  /** From now on everything is refused, and sockets end with their last answer. */
  stop(): void;
}

export interface RefusedArrival {
  readonly error: CaError;
  /** True when it needs no audit event of its own. */
  readonly audited: boolean;
  /** Nothing behind it on its connection can be told apart. */
  readonly closes?: true;
}

export function createArrivals(connections: ConnectionRegistry, { limits, now }: FaceDeps): Arrivals {
  const addresses = createRateWindow(limits.requestsPerMinute, now);
  let stopping = false;
  return {
    refusal(request) {
      if (stopping) return refused(new CaError('stopping', 'The service is stopping. Try again in a moment.'));
      if (!hasGoodHost(request)) {
        return refused(new CaError('malformed', 'HTTP/1.1 requires the header field Host: one, a name or an address.'));
      }
      if (!hasGoodFraming(request)) {
        const message = 'A body is sent with Content-Length, or by HTTP/1.1 with the Transfer-Encoding chunked alone.';
        return { ...refused(new CaError('malformed', message)), closes: true };
      }
      const excess = addresses.count(connections.address(request.socket));
      if (!excess) return undefined;
      const { first, retryAfterSeconds } = excess;
      return refused(new CaError('rateLimited', 'This address asks too often.', { retryAfterSeconds }), !first);
    },
    admits: (socket) => !stopping && addresses.admits(connections.address(socket)),
    stop() {
      stopping = true;
      connections.drain(limits);
    },
  };
}

const refused = (error: CaError, audited = false): RefusedArrival => ({ error, audited });
