/** What can go wrong between the service and OpenBao: one row for each trouble, with what follows from it. */
import { CaError, type CaErrorCode } from '../../domain/errors.ts';

export type Trouble =
  | 'unreachable' // nobody listens, or no name
  | 'reset' // a kept connection was closed under the request
  | 'timeout'
  | 'sealed'
  | 'unavailable' // no leader, maintenance, a proxy without a backend
  | 'busy' // a quota, or our own queue
  | 'untrusted' // TLS: its certificate or ours
  | 'misconfigured' // address, mount or namespace: it is not, or not there, what the settings say
  | 'credentialsRejected'
  | 'denied' // the policy, or a dead token that no login replaced
  | 'keyMissing'
  | 'keyExchanged' // another one than before lies under its name
  | 'versionGone'
  | 'keyUnfit' // exportable, or of a kind that does not sign
  | 'spoilt' // a signature that does not verify
  | 'badRequest'; // our own mistake, or another API than we know

interface TroubleRow {
  readonly code: CaErrorCode;
  /** The same request may be sent again soon. */
  readonly again: boolean;
  /** It says something of the whole backend: further requests are spared until a probe succeeds. `slow`: it will take people. */
  readonly opens: false | 'fast' | 'slow';
  readonly sentence: string;
}

export const troubles: Readonly<Record<Trouble, TroubleRow>> = {
  unreachable: { code: 'signerUnavailable', again: true, opens: 'fast', sentence: 'it cannot be reached' },
  reset: { code: 'signerUnavailable', again: true, opens: 'fast', sentence: 'its connections break' },
  timeout: { code: 'signerUnavailable', again: true, opens: 'fast', sentence: 'it does not answer in time' },
  sealed: { code: 'signerUnavailable', again: false, opens: 'fast', sentence: 'it is sealed; unseal it' },
  unavailable: { code: 'signerUnavailable', again: true, opens: 'fast', sentence: 'it answers that it is unavailable' },
  busy: { code: 'overloaded', again: true, opens: false, sentence: 'it is asked more than its quota allows' },
  untrusted: {
    code: 'signerUnavailable',
    again: false,
    opens: 'slow',
    sentence: 'TLS failed; check caFile, serverName and the client certificate',
  },
  misconfigured: {
    code: 'signerUnavailable',
    again: false,
    opens: 'slow',
    sentence: 'it redirects, is not OpenBao, or has no such mount or namespace; check address, namespace and mounts',
  },
  credentialsRejected: {
    code: 'signerUnavailable',
    again: false,
    opens: 'slow',
    sentence: 'it rejects the credentials of the service, or has no such auth method; check auth and authMount',
  },
  denied: {
    code: 'signerUnavailable',
    again: false,
    opens: false,
    sentence: 'its policy does not allow this, or the token has ended',
  },
  keyMissing: { code: 'notFound', again: false, opens: false, sentence: 'it does not hold this key' },
  keyExchanged: { code: 'notFound', again: false, opens: false, sentence: 'it holds another key under this name' },
  versionGone: {
    code: 'signerUnavailable',
    again: false,
    opens: false,
    sentence: 'the version of the key that the authority uses was retired there',
  },
  keyUnfit: {
    code: 'policyRefused',
    again: false,
    opens: false,
    sentence: 'this key may be exported or backed up in plain text, or is of a kind that does not sign',
  },
  spoilt: {
    code: 'signerUnavailable',
    again: false,
    opens: false,
    sentence: 'a signature did not verify and was thrown away; suspect its key or its memory',
  },
  badRequest: { code: 'signerUnavailable', again: false, opens: false, sentence: 'it does not take this request' },
};

/** Inside the adapter; `toCaError` is what leaves it. Holds no word of the server's: it could be anybody. */
export class BaoError extends Error {
  override readonly name = 'BaoError';
  readonly trouble: Trouble;
  /** What the backend asked for, within bounds: it could be anybody. 0 when it said nothing. */
  readonly retryAfterSeconds: number;

  constructor(
    trouble: Trouble,
    detail: string,
    more: { readonly cause?: unknown; readonly retryAfterSeconds?: number | undefined } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.trouble = trouble;
    this.retryAfterSeconds = Math.min(Math.ceil(more.retryAfterSeconds ?? 0), mostRetryAfterSeconds);
  }
}

const leastRetryAfterSeconds = 2;
const mostRetryAfterSeconds = 60;

export function toCaError(vault: string, error: unknown): CaError {
  if (error instanceof CaError) return error;
  if (!(error instanceof BaoError))
    return new CaError('serverInternal', `The vault ${vault} failed.`, { cause: error });
  const { code, sentence } = troubles[error.trouble];
  const isTemporary = code === 'signerUnavailable' || code === 'overloaded';
  const message = `The vault ${vault} cannot do this now: ${sentence}.`;
  const notHeld = `The vault does not hold this key${error.trouble === 'keyExchanged' ? ': another one has its name' : ''}.`;
  return new CaError(code, code === 'notFound' ? notHeld : message, {
    ...(isTemporary && { retryAfterSeconds: Math.max(leastRetryAfterSeconds, error.retryAfterSeconds) }),
    cause: error,
  });
}
