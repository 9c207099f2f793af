/** What to do about each problem: one total table, from which docs/problems.md is generated. */
import type { CaErrorCode } from '../../../domain/errors.ts';

/** A code that is missing here does not compile. */
export const problemAdvice: Readonly<Record<CaErrorCode, string>> = {
  malformed: 'Correct the fields that `reasons` names: unknown, missing, or of the wrong form.',
  badCSR: 'Make the CSR anew; it is not canonical DER, not PEM, or does not prove possession of its key.',
  badPublicKey: 'Make a new key of an allowed type and size.',
  badSignatureAlgorithm: 'Sign the CSR with SHA-256 or better, by the algorithm of its key.',
  rejectedIdentifier: 'Ask only for names that the product may hold.',
  policyRefused: 'Choose a profile and lifetime that the product may use.',
  compound: 'Several of the above at once; see `reasons`.',
  badRevocationReason: 'Use a reason of RFC 5280 §5.3.1 by name, one of those that `detail` lists.',
  unauthenticated: 'Send a live enrolment token, or connect with a client certificate.',
  unauthorized: 'This credential is known, and may not do this.',
  notFound: 'There is no such thing among those you may see.',
  methodNotAllowed: 'Use a method of the field `Allow`.',
  notAcceptable: 'Accept one of the media types that `detail` lists.',
  alreadyRevoked: 'Nothing: it is revoked for good. Only `keyCompromise` may still be added.',
  conflict: 'The state of the object does not allow this; `detail` says why.',
  idempotencyConflict: 'Use a new `Idempotency-Key` for a new request.',
  lastAdmin: 'Make another admin first.',
  payloadTooLarge: 'Send at most 64 KiB.',
  unsupportedMediaType: 'Use JSON, `application/pkcs10`, or PEM text.',
  rateLimited: 'Wait for as long as `Retry-After` says.',
  serverInternal: 'Look into the log for `instance`.',
  overloaded: 'Come back after `Retry-After`.',
  signerUnavailable: 'The vault cannot sign now; come back after `Retry-After`.',
  inventoryUnavailable: 'The database cannot be written now (full disk, read-only, locked); nothing was issued.',
  clockUnsafe: 'The clock of the service jumped; an operator has to look.',
  stopping: 'The service is stopping; connect again in a moment.',
};
