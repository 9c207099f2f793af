/** Problem details (RFC 9457): what each error code is in HTTP, in one total table. */
import { type Problem, problemTypePrefix } from '../../../api/problem.ts';
import type { CaError, CaErrorCode } from '../../../domain/errors.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** A code that is missing here does not compile. */
export const problemKinds: Readonly<Record<CaErrorCode, ProblemKind>> = {
  malformed: { status: 400, title: 'The request is malformed' },
  badCSR: { status: 400, title: 'The certificate signing request is not acceptable' },
  badPublicKey: { status: 400, title: 'The public key is not acceptable' },
  badSignatureAlgorithm: { status: 400, title: 'The signature algorithm is not acceptable' },
  rejectedIdentifier: { status: 400, title: 'A name is not acceptable' },
  policyRefused: { status: 400, title: 'The policy of the product or profile refuses this' },
  compound: { status: 400, title: 'Refused for several reasons' },
  badRevocationReason: { status: 400, title: 'The revocation reason is not acceptable' },
  alreadyRevoked: { status: 409, title: 'The certificate is revoked already' },
  unauthenticated: { status: 401, title: 'A credential is needed' },
  unauthorized: { status: 403, title: 'This credential may not do this' },
  notFound: { status: 404, title: 'There is no such thing' },
  methodNotAllowed: { status: 405, title: 'The method is not allowed here' },
  notAcceptable: { status: 406, title: 'None of the accepted media types can be had' },
  payloadTooLarge: { status: 413, title: 'The request is too large' },
  unsupportedMediaType: { status: 415, title: 'The media type of the request is not supported' },
  conflict: { status: 409, title: 'The state of the object does not allow this' },
  idempotencyConflict: { status: 409, title: 'The Idempotency-Key was used for another request' },
  lastAdmin: { status: 409, title: 'Nobody would be left to administer the service' },
  rateLimited: { status: 429, title: 'Too many requests' },
  overloaded: { status: 503, title: 'The service is overloaded' },
  signerUnavailable: { status: 503, title: 'The signer cannot be reached' },
  inventoryUnavailable: { status: 503, title: 'The inventory cannot be reached' },
  clockUnsafe: { status: 503, title: 'The clock is not to be trusted' },
  stopping: { status: 503, title: 'The service is stopping' },
  serverInternal: { status: 500, title: 'Something failed in the service' },
};

export const problemMediaType = 'application/problem+json; charset=utf-8';

/** A flood of reasons helps nobody; the first ones are enough to mend a request. */
const maxReasons = 100;

/** `instance` identifies this very answer, in the log, too. */
export function problemOf(error: CaError, instance: string): Problem {
  const { status, title } = problemKinds[error.code];
  return {
    type: problemTypePrefix + error.code,
    title,
    status,
    detail: error.message,
    instance,
    ...(error.reasons.length > 0 && { reasons: error.reasons.slice(0, maxReasons) }),
  };
}

/** Header fields that belong to the status: RFC 9110 §11.6.1, §10.2.3. */
export function problemHeaders(error: CaError): Record<string, string> {
  const { status } = problemKinds[error.code];
  const retryAfter = error.retryAfterSeconds ?? (status === 503 || status === 429 ? 1 : undefined);
  return {
    'content-type': problemMediaType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="privyseal"' }),
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    ...(error.code === 'stopping' && { connection: 'close' }),
  };
}
