/** What is told of an issuance that was stopped in the transaction of its intent, when all that was judged before let it pass. */
import { expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { ViewDeps } from '../../../src/services/inventory/view-certificate.ts';
import { settle } from '../../../src/services/issuing/settle-issuance.ts';
import { rejectionOf } from '../../support/rejection.ts';
import { testNow } from '../../support/test-hierarchy.ts';

const nothingToRead = {} as ViewDeps;
const deps = { ...nothingToRead, clock: { now: () => testNow * 1000 } };

it.each<[Parameters<typeof settle>[1], string, string | undefined]>([
  [{ kind: 'replayRequest', request: 'r1' }, 'conflict', undefined],
  [{ kind: 'requestNotApproved' }, 'conflict', undefined],
  [{ kind: 'quotaUsedUp' }, 'rateLimited', undefined],
  [{ kind: 'idempotencyConflict' }, 'idempotencyConflict', undefined],
  [{ kind: 'hasSuccessor', successor: 'ab' }, 'conflict', 'certificateRotated'],
  [{ kind: 'predecessorRevoked' }, 'unauthorized', 'certificateRevoked'],
  [{ kind: 'predecessorArchived' }, 'unauthorized', 'certificateExpired'],
  [{ kind: 'tokenExpired' }, 'unauthenticated', 'tokenExpired'],
  [{ kind: 'tokenUsedUp' }, 'unauthorized', 'tokenUsedUp'],
  [{ kind: 'keyBlocked', block: 'authority' }, 'badPublicKey', 'keyBelongsToAuthority'],
  [{ kind: 'keyBlocked', block: 'operator' }, 'badPublicKey', 'keyBelongsToOperator'],
  [{ kind: 'keyBlocked', block: 'compromised' }, 'badPublicKey', 'keyCompromised'],
])('%j is %s', async (outcome, code, reason) => {
  const error = (await rejectionOf(settle(deps, outcome))) as CaError;
  expect([error.code, error.reasons[0]?.code]).toEqual([code, reason]);
});
