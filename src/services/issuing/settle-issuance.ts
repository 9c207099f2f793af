/** What a caller is told of an issuance: the certificate, the first one again, or why there is none. */
import { CaError, type Reason } from '../../domain/errors.ts';
import { refuse } from '../../domain/refusal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyBlock, Stop, StopOf } from '../../ports/issuance-conditions.ts';
import { type ViewDeps, viewOf } from '../inventory/view-certificate.ts';
import type { CertificateView } from '../services.ts';
import type { IssueOutcome } from './issue-certificate.ts';
import { quotaUsedUp } from './product-quota.ts';
import { idempotencyConflict, repeatOf } from './repeat-answer.ts';

export async function settle(
  deps: ViewDeps & { readonly clock: Pick<Clock, 'now'> },
  outcome: IssueOutcome,
): Promise<CertificateView> {
  switch (outcome.kind) {
    case 'issued':
      return viewOf(deps, outcome.record, outcome.der);
    case 'replay':
      return repeatOf(deps, outcome.serial);
    case 'replayRequest':
      throw new CaError('conflict', `With this Idempotency-Key came the request ${outcome.request}. Ask for that one.`);
    case 'quotaUsedUp':
      throw quotaUsedUp(deps.clock.now());
    case 'requestNotApproved':
      throw new CaError('conflict', 'The request is not approved any more; nothing was issued.');
    default:
      return refuseStop(outcome);
  }
}

/** Stops that have no first answer to repeat. */
export function refuseStop(stop: Exclude<Stop, StopOf<'replay' | 'replayRequest'>>): never {
  switch (stop.kind) {
    case 'keyBlocked':
      return refuse([blockedKeyReason(stop.block)]);
    case 'idempotencyConflict':
      throw idempotencyConflict();
    case 'hasSuccessor':
      throw rotatedAlready(stop.successor);
    case 'predecessorRevoked':
      return refuse([revokedReason]);
    case 'predecessorArchived':
      return refuse([expiredReason]);
    case 'tokenExpired':
      return refuseToken('tokenExpired', 'The enrolment token has expired. Ask an operator for a new one.');
    case 'tokenUsedUp':
      return refuseToken('tokenUsedUp', 'The enrolment token has no uses left. Ask an operator for a new one.');
  }
}

/** Names the successor, for people and for programs. */
export function rotatedAlready(successor: string): CaError {
  const message = `This certificate was rotated already; its successor is ${successor}.`;
  const reason: Reason = { code: 'certificateRotated', field: 'serial', message, value: successor };
  return new CaError('conflict', message, { reasons: [reason] });
}

/** A revoked certificate has no successor: what may not be trusted vouches for nothing. */
export const revokedReason: Reason = {
  code: 'certificateRevoked',
  field: 'serial',
  message: 'A certificate that is revoked or on hold cannot be rotated. Enrol again with a token.',
};

/** While it is asked for, or after an approval that came late. */
export const expiredReason: Reason = {
  code: 'certificateExpired',
  field: 'serial',
  message: 'A certificate that has expired cannot be rotated. Enrol again with a token.',
};

export const blockedKeyReason = (block: KeyBlock): Reason => {
  const reasons = {
    authority: { code: 'keyBelongsToAuthority', message: 'This key is an authority’s. Make a new key.' },
    operator: { code: 'keyBelongsToOperator', message: 'This key is an operator’s. Make a new key.' },
    compromised: { code: 'keyCompromised', message: 'This key was reported compromised. Make a new key.' },
  } as const;
  return { ...reasons[block], field: 'csr.publicKey' };
};

const refuseToken = (code: 'tokenExpired' | 'tokenUsedUp', message: string): never => refuse([{ code, message }]);
