/** Answers everything that went wrong: a problem document to the peer, an audit event, the cause to the log. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { CaError } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { actorOf } from '../../../services/caller.ts';
import type { Services } from '../../../services/services.ts';
import { readAway } from '../arrival/read-away.ts';
import type { Face } from '../face-deps.ts';
import { isAbortedBody, toCaError } from './error-mapping.ts';
import { problemHeaders, problemKinds, problemOf } from './problem.ts';

export interface AnswerErrorsDeps {
  /** Its name, for the metrics. */
  readonly face: string;
  readonly logger: Logger;
  /** False on the distribution face, where anybody may ask anything at any rate. */
  readonly auditRefusals: boolean;
  readonly services: Pick<Services, 'recordRefusal' | 'countRefusal'>;
}

type AnswerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Every error of a request ends here, exactly once, and its refusal is durable before the answer leaves. */
export function createAnswerError(deps: AnswerErrorsDeps): AnswerError {
  return async (error, request, reply) => {
    const refusal = toCaError(error, request);
    const { status } = problemKinds[refusal.code];
    deps.services.countRefusal(deps.face, refusal.code);
    if (status >= 500) logFailure(deps.logger, refusal, request);
    const audited = request.refusalAudited || (isAbortedBody(error) && parserRefused.has(request.raw.socket));
    if (deps.auditRefusals && !audited) await deps.services.recordRefusal(refusalEvent(refusal, request));
    if (refusal.code === 'payloadTooLarge' || closesEarly(request, reply)) await readAway(request.raw);
    return reply
      .code(status)
      .headers(problemHeaders(refusal))
      .send(JSON.stringify(problemOf(refusal, request.id)));
  };
}

/** Node reads on behind an answer only where the connection goes on; HTTP/1.0, as proxies speak it, ends it with each. */
const closesEarly = ({ raw }: FastifyRequest, reply: FastifyReply): boolean =>
  !raw.complete && !reply.raw.shouldKeepAlive;

/** Sockets whose parser error was audited by itself: the aborted request it leaves behind is the same refusal. */
export const parserRefused = new WeakSet<object>();

const logFailure = (logger: Logger, refusal: CaError, request: FastifyRequest): void =>
  logger.error({ id: request.id, code: refusal.code, err: refusal.cause ?? refusal }, refusal.message);

function refusalEvent(refusal: CaError, request: FastifyRequest): Parameters<Services['recordRefusal']>[0] {
  const reasons = [...new Set(refusal.reasons.map(({ code }) => code))];
  return {
    actor: request.caller ? actorOf(request.caller) : 'anonymous',
    object: `${request.method} ${request.routeOptions?.url ?? 'unknown path'}`,
    code: refusal.code,
    ...(reasons.length > 0 && { reasons }),
    details: { instance: request.id, address: request.ip ?? '', path: printable(pathOf(request), 200) },
  };
}

/** Without the query, which may hold names somebody searched for. */
export const pathOf = (request: FastifyRequest): string => {
  const url = request.raw.url ?? '';
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
};

/**
 * 404 for a path that is nowhere, 405 with Allow (RFC 9110 §15.5.6) for one that knows other methods. Answered on arrival:
 * whatever body or media type comes with it is not looked at. `advice` says where all paths are described.
 */
export function answerUnknownPaths(face: Face, advice: string): void {
  const nothingHere = new CaError('notFound', `There is nothing at this path.${advice}`);
  // As generated clients write an id that they take for one part of the path.
  const slashHidden = new CaError(
    'notFound',
    `There is nothing at this path. Write the slash of an id as it is, not as %2F.${advice}`,
  );
  const methods = new Map<string, Set<string>>();
  face.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<string>();
    for (const name of [method].flat()) known.add(name);
    methods.set(url, known);
  });
  face.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = pathOf(request);
    const allowed = [...methods].filter(([pattern]) => fits(path, pattern)).flatMap(([, names]) => [...names]);
    // A name that no route takes, such as one with a line end, looks like a path that knows the method after all.
    if (allowed.length === 0 || allowed.includes(request.method))
      return done((/%2f/i.test(path) ? slashHidden : nothingHere) as never);
    reply.header('allow', [...new Set(allowed)].sort().join(', '));
    const message = `This path does not know ${request.method}; see the field Allow.`;
    done(new CaError('methodNotAllowed', message) as never);
  });
}

/** Whether a path is one of a route's: `:name` is any one segment, up to the static suffix it may have, `*` any rest. */
function fits(path: string, pattern: string): boolean {
  const segments = path.split('/');
  const wanted = pattern.split('/');
  if (wanted.at(-1) === '*') segments.length = Math.min(segments.length, wanted.length);
  return (
    segments.length === wanted.length &&
    wanted.every((part, index) => {
      if (part === '*') return true;
      if (!part.startsWith(':')) return part === segments[index];
      const suffix = part.includes('.') ? part.slice(part.indexOf('.')) : '';
      return segments[index] !== '' && segments[index]!.endsWith(suffix);
    })
  );
}
