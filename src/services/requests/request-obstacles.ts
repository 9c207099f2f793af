/** Why a request cannot be approved now: told to who looks at it, and in the same words to who tries. */
import type { Reason } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/records/request.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { ApproveOutcome, RequestGround } from '../../ports/request-store.ts';
import { blockedKeyReason } from '../issuing/settle-issuance.ts';
import { endReason } from './request-answer.ts';

/** Every reason that does not depend on who approves; the act judges them again in its transaction. */
export async function findObstacles(inventory: Inventory, record: RequestRecord, now: number): Promise<Reason[]> {
  if (record.endedAt !== null || (record.serial === null && record.expiresAt <= now)) return [endReason(record)];
  if (record.serial !== null) return [];
  const changed = await changedGrounds(inventory, record);
  const block = await inventory.keyBlock(record.keySha256);
  const predecessor = record.predecessor === null ? undefined : await inventory.certificate(record.predecessor);
  const successor = predecessor?.successor ?? null;
  // Approved twice at once, the request may have become that successor itself since it was read.
  if (successor !== null && (await inventory.request(record.id))?.serial === successor) return [];
  return [
    ...changed.map(outdatedReason),
    ...(block ? [blockedKeyReason(block)] : []),
    ...(successor === null ? [] : [rotatedReason(successor)]),
    // One that was shown as the credential is told as that already.
    ...(predecessor?.revocation && record.shownSerial !== record.predecessor ? [revokedReason] : []),
  ];
}

async function changedGrounds(inventory: Inventory, record: RequestRecord): Promise<readonly RequestGround[]> {
  const profile = await inventory.profileVersion(record.environment, record.profile);
  const product = await inventory.product(record.product);
  const token = record.tokenId === null || (await inventory.token(record.tokenId));
  const shown = record.shownSerial === null ? undefined : await inventory.certificate(record.shownSerial);
  const holds: Readonly<Record<RequestGround, boolean>> = {
    profile: profile?.version === record.profileVersion,
    product: product?.version === record.productVersion,
    token: token !== undefined,
    certificate: !shown?.revocation,
  };
  return (Object.keys(holds) as RequestGround[]).filter((ground) => !holds[ground]);
}

/** What the transaction of an approval found. */
export function reasonsOf(outcome: Exclude<ApproveOutcome, { readonly kind: 'done' | 'notFound' }>): readonly Reason[] {
  switch (outcome.kind) {
    case 'ended':
      return [endReason(outcome.record)];
    case 'ownRequest':
      return [{ code: 'requestOfYours', message: 'This request is your own. Ask another operator to approve it.' }];
    case 'approvedBefore':
      return [{ code: 'requestApprovedByYou', message: 'You have approved this request. It takes another operator.' }];
    case 'outdated':
      return outcome.changed.map(outdatedReason);
    case 'keyBlocked':
      return [blockedKeyReason(outcome.block)];
    case 'hasSuccessor':
      return [rotatedReason(outcome.successor)];
    case 'predecessorRevoked':
      return [revokedReason];
    case 'predecessorArchived':
      return [archivedReason];
  }
}

// Whoever asked goes on asking for this one, and does not submit another before it has ended.
const submitAgain = 'since the request was submitted. Deny it, and have it submitted again.';

const whatChanged: Readonly<Record<RequestGround, string>> = {
  profile: `The profile was changed ${submitAgain}`,
  product: `The product was changed or removed ${submitAgain}`,
  token: `The enrolment token was removed ${submitAgain}`,
  // A hold does not end the request: who releases it can approve.
  certificate:
    'The certificate that was shown was revoked or put on hold since the request was submitted. Release the hold, or deny the request, and have it submitted again.',
};

const outdatedReason = (ground: RequestGround): Reason => ({
  code: 'requestOutdated',
  field: ground,
  message: whatChanged[ground],
});

const rotatedReason = (successor: string): Reason => ({
  code: 'requestOutdated',
  field: 'predecessor',
  message: `The certificate was rotated meanwhile; its successor is ${successor}. Deny the request.`,
});

const revokedReason: Reason = {
  code: 'requestOutdated',
  field: 'predecessor',
  message:
    'The certificate that it was to follow was revoked or put on hold meanwhile. Release the hold, or deny the request.',
};

const archivedReason: Reason = {
  code: 'requestOutdated',
  field: 'predecessor',
  message: 'The certificate that it was to follow expired long ago, and is archived. Deny the request.',
};
