/** Turns whatever a route threw, Fastify's own errors included, into the one error the faces speak. */
import type { FastifyError } from 'fastify';
import { CaError } from '../../../domain/errors.ts';

/** Codes of Fastify that say what the client did wrong; any other 4xx of it is `malformed`. */
const fastifyErrors: Readonly<Record<string, () => CaError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => new CaError('payloadTooLarge', 'The body is larger than this service reads.'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new CaError('unsupportedMediaType', 'The Content-Type of the request is missing or not one this path reads.'),
  FST_ERR_BAD_URL: () => new CaError('malformed', 'The path is not valid percent-encoding.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new CaError('notFound', 'There is nothing at this path: a part of it is too long.'),
};

/** `cause` of a `serverInternal` is for the log alone. */
export function toCaError(error: unknown): CaError {
  if (error instanceof CaError) return error;
  if (!(error instanceof Error)) return internal(error);
  const { code, statusCode = 500 } = error as Partial<FastifyError>;
  if (code !== undefined && Object.hasOwn(fastifyErrors, code)) return fastifyErrors[code]!();
  if (isAbortedBody(error)) return new CaError('malformed', 'The body of the request never arrived whole.');
  if (statusCode >= 400 && statusCode < 500) return new CaError('malformed', 'The request could not be read.');
  return internal(error);
}

const internal = (cause: unknown): CaError =>
  new CaError('serverInternal', 'Something failed here. The log has it under the identifier in "instance".', { cause });

/** The peer went away, or was cut off, in the middle of its body. */
export const isAbortedBody = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === 'ECONNRESET' && error.message === 'aborted';
