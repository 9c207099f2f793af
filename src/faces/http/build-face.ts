/** What the three faces share: the server with its limits, arrival checks, error answers, log and graceful stop. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import fastify, { type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify';
import { CaError } from '../../domain/errors.ts';
import type { Caller } from '../../services/caller.ts';
import { answerPolls } from './arrival/answer-polls.ts';
import { type Arrivals, createArrivals } from './arrival/arrivals.ts';
import { type ConnectionRegistry, createConnectionRegistry, tokenCredential } from './arrival/connection-registry.ts';
import { type ClientCertificate, tlsServerOptions } from './arrival/tls-context.ts';
import { countAnswers } from './count-answers.ts';
import type { Face, FaceDeps, FaceLimits } from './face-deps.ts';
import { readJson } from './json/read-json.ts';
import { answerUnknownPaths, createAnswerError } from './problems/answer-errors.ts';
import { createAnswerParserError } from './problems/answer-parser-errors.ts';
import { malformedRequest } from './problems/validation-reasons.ts';
import { FaceLog, logRequests } from './request-log.ts';
import { buildLazyValidator } from './validate-lazily.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the credential of the request is proven. */
    caller: Caller | undefined;
    /** True when the refusal of this request needs no audit event of its own. */
    refusalAudited: boolean;
  }
}

export interface FaceKind {
  readonly name: 'public' | 'admin' | 'distribution';
  readonly clientCertificate: ClientCertificate;
  /** Whether each refusal leaves an audit event; where anybody may ask anything, it does not. */
  readonly auditRefusals: boolean;
  /** Whether fleets poll it. */
  readonly answersPolls: boolean;
}

/** Answers every request with what belongs to this face alone; see the folders beside this file. */
export type AddRoutes = (face: Face, connections: ConnectionRegistry, deps: FaceDeps) => void;

/** A face that is ready to get its routes and then to `listen`, `inject` or `close`. */
export function buildFace(kind: FaceKind, deps: FaceDeps, addRoutes: AddRoutes): Face {
  const { services, limits } = deps;
  const logger = deps.logger.child({ face: kind.name });
  const newInstance = createInstanceNames();
  const errorDeps = { face: kind.name, logger, services, auditRefusals: kind.auditRefusals };
  const answerError = createAnswerError(errorDeps);
  const connections = createConnectionRegistry(limits.connections);

  const face = fastify({
    ...serverOptions(kind, deps),
    genReqId: newInstance,
    logController: new FaceLog(logger),
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      void answerError(error, request, reply),
    clientErrorHandler: createAnswerParserError({ ...errorDeps, newInstance }),
  } as FastifyServerOptions) as unknown as Face;

  face.server.maxConnections = limits.connections;
  answerUnknownExpectations(face);
  answerTunnels(face);
  connections.watch(face.server, kind.clientCertificate);
  services.onRevoked((serial) => connections.destroyOf(serial));
  services.onRoleChange((serial) => connections.destroyOf(serial));
  services.onTokenRemoval((id) => connections.destroyOf(tokenCredential(id)));
  face.decorateRequest('caller', undefined);
  face.decorateRequest('refusalAudited', false);
  readBodies(face);
  face.setErrorHandler(answerError);
  face.setSchemaErrorFormatter(malformedRequest);
  const arrivals = createArrivals(connections, deps);
  checkArrivals(face, connections, arrivals);
  answerUnknownPaths(face, kind.name === 'distribution' ? '' : ' See /docs.');
  if (kind.name !== 'distribution') forbidCaching(face);
  countAnswers(face, { name: kind.name, services, connections });
  if (deps.requestLog) logRequests(face, logger);
  if (kind.answersPolls) {
    const lines = deps.requestLog && logger.isLevelEnabled('debug') ? { logger, newInstance } : undefined;
    answerPolls(face.server, { name: kind.name, arrivals, connections, lines, ...deps });
  }
  addRoutes(face, connections, deps);
  return face;
}

/** A name for each answer, cheap and unique over restarts, that joins a problem with its log lines. */
function createInstanceNames(): () => string {
  const start = randomBytes(6).toString('hex');
  let count = 0;
  return () => `${start}-${(count++).toString(36)}`;
}

/** The compiler has checked our schemas; judging them by their meta-schema again costs 100 ms and 4 MB at each start. */
const ownSchemas = { validateSchema: false, meta: false };

function serverOptions(kind: FaceKind, { limits, tls }: FaceDeps): FastifyServerOptions {
  const server = httpOptions(limits);
  const transport = tls
    ? { https: { ...server, ...tlsServerOptions(tls, kind.clientCertificate, limits.handshakeMs) } }
    : { http: server };
  return {
    ...transport,
    bodyLimit: limits.bodyOctets,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.inactivityMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxRequestsPerSocket: limits.requestsPerSocket,
    // Requests that come while the face stops are answered by checkArrivals, as problems.
    return503OnClosing: false,
    schemaController: {
      compilersFactory: { buildValidator: buildLazyValidator, buildSerializer: () => () => JSON.stringify },
    },
    // Nothing is coerced, dropped or defaulted: a request is what it says, or it is refused with every reason.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: true,
        verbose: true,
        ...ownSchemas,
      },
    },
    rewriteUrl: originForm,
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false },
  } as unknown as FastifyServerOptions;
}

/** RFC 9112 §3.2.2: whoever is asked through a proxy may be given the whole URL. */
function originForm({ url = '/' }: IncomingMessage): string {
  if (url.startsWith('/')) return url;
  const path = url.replace(/^https?:\/\/[^/?]*/i, '');
  return path.startsWith('/') || path === url ? path : `/${path}`;
}

/** RFC 9110 §10.1.1 lets a server pass over what it does not know; Node would answer 417 without a word. */
function answerUnknownExpectations({ server }: Face): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response);
  });
}

/**
 * RFC 9110 §9.3.6: nothing here opens a tunnel. Node takes its hands off such a connection, and closes it without a word where
 * nobody wants it; this way it is a request like any other, with an answer, an audit event and an end.
 */
function answerTunnels({ server }: Face): void {
  // Not imported: a module's import asks node:http for its WebSocket, too, which loads undici into every idle service.
  const http = process.getBuiltinModule('node:http');
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const response = new http.ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end(() => socket.destroy()));
    // Nobody else listens any more: a reset would end the process.
    socket.once('error', () => socket.destroy());
    server.emit('request', request, response);
  });
}

const httpOptions = (limits: FaceLimits): ServerOptions => ({
  maxHeaderSize: limits.headerOctets,
  headersTimeout: limits.headersMs,
  connectionsCheckingInterval: limits.checkMs,
  // The arrival check answers it as a problem.
  requireHostHeader: false,
  // A request without a body has no stream to open, drain and close: a fifth of what Node does for a poll.
  optimizeEmptyRequests: true,
});

/** JSON alone; routes that read something else say so, and those that take nothing have no schema for it. */
function readBodies(face: Face): void {
  face.removeAllContentTypeParsers();
  face.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, readJson(body as Buffer)),
  );
  // RFC 9112 §6.3: neither length nor coding means no body. Node has ended its stream by then, and who reads it would wait for that end.
  face.addHook('preParsing', ({ method, headers, raw }, _reply, payload, done) => {
    const isReadAfterItsEnd = raw.readableEnded && method !== 'GET' && headers['content-type'] !== undefined;
    done(null, isReadAfterItsEnd ? Readable.from([]) : payload);
  });
  // RFC 9110 §15.5.16: what is compressed, or encoded in any other way, is not taken for what it is not.
  face.addHook('preParsing', ({ method, headers: { 'content-encoding': coding } }, _reply, _payload, done) => {
    const isAsItIs = coding === undefined || coding.toLowerCase() === 'identity' || method === 'GET';
    if (isAsItIs) return done();
    done(new CaError('unsupportedMediaType', 'The body has a Content-Encoding. Send it as it is.'));
  });
  face.addHook('preValidation', ({ body, routeOptions: { schema } }, _reply, done) => {
    if (body === undefined || schema?.body !== undefined || JSON.stringify(body) === '{}') return done();
    done(new CaError('malformed', 'This path takes no body: what is in it would be passed over.'));
  });
}

/** What a product or an operator is told is theirs; routes that publish bytes say otherwise. */
function forbidCaching(face: Face): void {
  face.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store');
    done();
  });
}

/** The first look at each request, in one hook: stopping, a missing Host (RFC 9112 §3.2), the limit of its address. */
function checkArrivals(face: Face, connections: ConnectionRegistry, arrivals: Arrivals): void {
  face.addHook('preClose', (done) => {
    arrivals.stop();
    done();
  });
  face.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    connections.requestBegan(socket);
    reply.header('x-content-type-options', 'nosniff');
    const refused = arrivals.refusal(request.raw);
    if (!refused) return done();
    request.refusalAudited = refused.audited;
    if (refused.closes) reply.header('connection', 'close');
    done(refused.error as never);
  });
  face.addHook('onResponse', (request, _reply, done) => {
    connections.requestEnded(request.raw.socket);
    done();
  });
}
