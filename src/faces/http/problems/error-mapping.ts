/** Turns whatever a route threw, Fastify's own errors included, into the one error the faces speak. */
import type { FastifyError, FastifyRequest } from 'fastify';
import { CaError } from '../../../domain/errors.ts';
import { printable } from '../../../domain/policy/printable.ts';

/** Codes of Fastify that say what the client did wrong; any other 4xx of it is `malformed`. */
const fastifyErrors: Readonly<Record<string, (request: Asked) => CaError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new CaError('payloadTooLarge', 'The body is larger than this service reads.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: (request) => new CaError('unsupportedMediaType', mediaTypeFault(request)),
  FST_ERR_BAD_URL: () => new CaError('malformed', 'The path is not valid percent-encoding.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new CaError('notFound', 'There is nothing at this path: a part of it is too long.'),
};

/** Of a request, what is needed to say what it should have been. */
export type Asked = Pick<FastifyRequest, 'headers' | 'routeOptions'>;

/** The parameters of a media type, such as the boundary of a form, say nothing of what is wrong. */
function mediaTypeFault({ headers, routeOptions }: Asked): string {
  const given = headers['content-type']?.split(';')[0]?.trim();
  const what = given
    ? `The Content-Type ${printable(given)} is not one that this path reads.`
    : 'There is no Content-Type.';
  const { content = { 'application/json': {} } } = (routeOptions?.schema?.body ?? {}) as { content?: object };
  return `${what} Send ${Object.keys(content).join(' or ')}.`;
}

/** `cause` of a `serverInternal` is for the log alone. */
export function toCaError(error: unknown, request: Asked): CaError {
  if (error instanceof CaError) return error;
  if (!(error instanceof Error)) return internal(error);
  const { code, statusCode = 500 } = error as Partial<FastifyError>;
  if (code !== undefined && Object.hasOwn(fastifyErrors, code)) return fastifyErrors[code]!(request);
  if (isAbortedBody(error)) return new CaError('malformed', 'The body of the request never arrived whole.');
  if (statusCode >= 400 && statusCode < 500) return new CaError('malformed', 'The request could not be read.');
  return internal(error);
}

const internal = (cause: unknown): CaError =>
  new CaError('serverInternal', 'Something failed here. The log has it under the identifier in "instance".', { cause });

/** The peer went away, or was cut off, in the middle of its body. */
export const isAbortedBody = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && error.message === 'aborted';
