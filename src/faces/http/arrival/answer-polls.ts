/**
 * Polls of renewal information whose answer is ready, answered before anything is routed: a fleet asks for little else, and
 * often. Everything that is not such a poll, to the letter, goes on to its route, which answers the same.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { RenewalInfo } from '../../../services/rotating/renewal-info.ts';
import type { Services } from '../../../services/services.ts';
import { cacheControl, matches } from '../published-bytes.ts';
import { logAnswer } from '../request-log.ts';
import { maxAgeSeconds, mediaType, renderWindow, renewalRoute } from '../routes/renewal-routes.ts';
import { type Arrivals, hasGoodHost } from './arrivals.ts';
import type { ConnectionRegistry } from './connection-registry.ts';

interface PolledFace {
  readonly name: string;
  readonly services: Pick<Services, 'readyRenewalInfo' | 'countAnswer'>;
  readonly arrivals: Arrivals;
  readonly connections: ConnectionRegistry;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Undefined: no line for each answer, as at levels above `debug`. */
  readonly lines: { readonly logger: Logger; readonly newInstance: () => string } | undefined;
}

export function answerPolls(server: Server, face: PolledFace): void {
  const expires = createExpires(face.now);
  const [route] = server.listeners('request') as [RequestListener];
  server.off('request', route);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const info = isPoll(request) ? face.services.readyRenewalInfo(request.url!.slice(pathStart.length)) : undefined;
    if (info === undefined || !face.arrivals.admits(request.socket)) return route(request, response);
    watch(request, response, face);
    send(request, response, { info, expires: expires() });
  });
}

const pathStart = renewalRoute.replace(':serial', '');

/** A serial that is known has nothing to be decoded, and no query behind it. */
function isPoll(request: IncomingMessage): boolean {
  const { method, url, headers } = request;
  if (method !== 'GET' || !url!.startsWith(pathStart) || !hasGoodHost(request)) return false;
  const length = headers['content-length'];
  return (length === undefined || length === '0') && headers['transfer-encoding'] === undefined;
}

/** The text changes once a second. */
function createExpires(now: () => number): () => string {
  let second = 0;
  let text = '';
  return () => {
    const current = Math.floor(now() / 1000);
    if (current !== second) {
      second = current;
      text = new Date((second + maxAgeSeconds) * 1000).toUTCString();
    }
    return text;
  };
}

/** What hooks do for answers of routes. */
function watch(request: IncomingMessage, response: ServerResponse, face: PolledFace): void {
  const began = performance.now();
  const { socket } = request;
  const address = socket.remoteAddress ?? '';
  const { name, services, connections, lines } = face;
  connections.requestBegan(socket);
  response.once('close', () => {
    connections.requestEnded(socket);
    const ms = performance.now() - began;
    const status = response.statusCode;
    services.countAnswer({ face: name, method: 'GET', route: renewalRoute, status, seconds: ms / 1000 });
    if (!lines) return;
    logAnswer(lines.logger, 'debug', {
      id: lines.newInstance(),
      address,
      method: 'GET',
      path: request.url!,
      status,
      ms,
    });
  });
}

interface Answer {
  readonly info: RenewalInfo;
  readonly expires: string;
}

function send({ headers }: IncomingMessage, response: ServerResponse, { info, expires }: Answer): void {
  const { bytes, etag } = renderWindow(info);
  const given = headers['if-none-match'];
  const isKnown = given !== undefined && matches(given, etag);
  const head = [
    ...['x-content-type-options', 'nosniff', 'retry-after', String(info.retryAfterSeconds), 'etag', etag],
    ...['cache-control', cacheControl(maxAgeSeconds), 'expires', expires],
    ...(isKnown ? [] : ['content-type', mediaType, 'content-length', String(bytes.length)]),
  ];
  response.writeHead(isKnown ? 304 : 200, head);
  // ASCII, which goes out in one write with the head.
  if (isKnown) response.end();
  else response.end(bytes, 'latin1');
}
