/** Who asks: the bearer token (RFC 6750) or the client certificate of a request, judged anew for each request. */
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { CaError } from '../../../domain/errors.ts';
import type { Caller } from '../../../services/caller.ts';
import type { Services } from '../../../services/services.ts';
import type { FaceDeps } from '../face-deps.ts';
import { countOf } from './arrivals.ts';
import { type ConnectionRegistry, tokenCredential } from './connection-registry.ts';
import { createRateWindow } from './rate-window.ts';

export type IdentifyCaller = (request: FastifyRequest) => Promise<Caller>;

/**
 * A bearer token wins over a client certificate: it was put into this very request, while a TLS stack may show a
 * certificate unasked. There is no second try: a bad token is refused even beside a good certificate.
 * Header fields in which proxies pass certificates on are never looked at.
 */
export function identifyProduct(services: Services, connections: ConnectionRegistry): IdentifyCaller {
  return identifyBy(services, connections, (bearer) => services.authenticateToken(bearer));
}

/** The same for who comes to collect what was asked for before. */
export function identifyCollector(services: Services, connections: ConnectionRegistry): IdentifyCaller {
  return identifyBy(services, connections, (bearer) => services.authenticateCollector(bearer));
}

function identifyBy(
  services: Services,
  connections: ConnectionRegistry,
  authenticateToken: (bearer: string) => Promise<Caller>,
): IdentifyCaller {
  return async (request) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) return authenticateToken(bearerOf(authorization, request.raw));
    const peerDer = connections.peerDer(request.raw.socket);
    if (peerDer) return services.authenticateProduct(peerDer);
    throw new CaError('unauthenticated', 'Send an enrolment token as Bearer, or connect with a client certificate.');
  };
}

/** The handshake has let in only certificates of `system`; which of them is an operator's now, the inventory knows. */
export function identifyOperator(services: Services, connections: ConnectionRegistry): IdentifyCaller {
  return async (request) => {
    const peerDer = connections.peerDer(request.raw.socket);
    if (peerDer) return services.authenticateOperator(peerDer);
    throw new CaError('unauthenticated', 'The admin face needs the client certificate of an operator.');
  };
}

/** Node keeps the first of several fields, and who looked at the request before may have kept another. */
function bearerOf(authorization: string, { rawHeaders }: IncomingMessage): string {
  if (countOf('authorization', rawHeaders) > 1) {
    throw new CaError('unauthenticated', 'The request has several fields Authorization. Send one.');
  }
  const [, token] = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization) ?? [];
  if (token !== undefined) return token;
  throw new CaError('unauthenticated', 'The field Authorization must be "Bearer", a space and an enrolment token.');
}

/**
 * An onRequest hook, so that a stranger's body is never read. Failures are counted by address; over the limit they
 * become `rateLimited`, and only the first of a minute is audited. A good credential is not asked about its neighbours.
 */
export function requireCaller(
  identify: IdentifyCaller,
  connections: ConnectionRegistry,
  { limits, now }: Pick<FaceDeps, 'limits' | 'now'>,
): onRequestAsyncHookHandler {
  const failures = createRateWindow(limits.failedAuthenticationsPerMinute, now);
  const limitCaller = createCallerLimits({ limits, now });
  return async (request) => {
    const { socket } = request.raw;
    try {
      request.caller = await identify(request);
    } catch (error) {
      const excess = isCredentialRefusal(error) ? failures.count(connections.address(socket)) : undefined;
      if (!excess) throw error;
      request.refusalAudited = !excess.first;
      const { retryAfterSeconds } = excess;
      throw new CaError('rateLimited', 'Too many failed authentications of this address.', { retryAfterSeconds });
    }
    connections.identify(socket, credentialOf(request.caller));
    limitCaller(request, request.caller);
  };
}

/** A body may take seconds to come, and a list minutes to be taken: who loses the credential meanwhile loses the connection. */
const credentialOf = (caller: Caller): string =>
  caller.kind === 'token' ? tokenCredential(caller.tokenId) : caller.serial;

/** Refuses a caller whose token or product asks too often; of each only the first refusal in a minute is audited. */
function createCallerLimits({ limits, now }: Pick<FaceDeps, 'limits' | 'now'>) {
  const tokens = createRateWindow(limits.tokenRequestsPerMinute, now);
  const products = createRateWindow(limits.productRequestsPerMinute, now);
  return (request: FastifyRequest, caller: Caller): void => {
    if (caller.kind === 'operator') return;
    const ofToken = caller.kind === 'token' ? tokens.count(caller.tokenId) : undefined;
    // A token that asks too often uses nothing up of what its product may ask by other means.
    const excess = ofToken ?? products.count(caller.product);
    if (!excess) return;
    request.refusalAudited = !excess.first;
    const who = ofToken ? 'This enrolment token' : `The product ${caller.product}`;
    throw new CaError('rateLimited', `${who} asks too often.`, { retryAfterSeconds: excess.retryAfterSeconds });
  };
}

const isCredentialRefusal = (error: unknown): boolean =>
  error instanceof CaError && (error.code === 'unauthenticated' || error.code === 'unauthorized');

/** The caller of a request whose route has `requireCaller`. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new Error(`the route ${request.routeOptions.url} authenticates nobody`);
}
