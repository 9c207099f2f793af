/** What can go wrong between a client and the service: a problem the service stated, or an answer that never came or cannot be used. */

import type { Problem } from '../api/problem.ts';
import { problemTypePrefix } from '../api/problem.ts';
import { CodedError } from '../domain/coded-error.ts';

export type ProblemReason = NonNullable<Problem['reasons']>[number];

/** The service answered with application/problem+json (RFC 9457). All text comes from the service: make it safe before printing. */
export class ClientProblem extends Error {
  override readonly name = 'ClientProblem';
  readonly problem: Problem;
  /** From `Retry-After`, when it says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get type(): string {
    return this.problem.type;
  }

  /** The last part of `type`: a CaErrorCode such as `badCSR`; the whole type when it is not one of ours. */
  get code(): string {
    const { type } = this.problem;
    return type.startsWith(problemTypePrefix) ? type.slice(problemTypePrefix.length) : type;
  }

  get status(): number {
    return this.problem.status;
  }

  get detail(): string {
    return this.problem.detail;
  }

  get reasons(): readonly ProblemReason[] {
    return this.problem.reasons ?? [];
  }
}

export type ClientFailureCode =
  | 'addressUnknown' // the host name does not resolve
  | 'connectionRefused' // nobody listens there
  | 'connectionBroken' // closed before the answer was whole
  | 'timeout'
  | 'notTls' // something answers, but not with TLS
  | 'notTrusted' // the service's certificate does not chain to `caPem`
  | 'wrongName' // it chains, but is another host's
  | 'outOfTime' // expired or not yet valid
  | 'ownCertificateMissing' // the service's TLS demands one, and none was shown
  | 'ownCertificateRefused' // the service's TLS refused ours
  | 'ownCertificateUnusable' // `caPem`, `certPem` or `keyPem` cannot be loaded
  | 'answerTooLarge'
  | 'badAnswer'; // not what the interface describes

/** No usable answer came; `message` says what was wrong, with which address, and what to do next. */
export class ClientFailure extends CodedError<ClientFailureCode> {
  override readonly name = 'ClientFailure';
}
