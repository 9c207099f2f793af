/** Operators approve and deny requests; the last approval that is needed issues the certificate. */
import { CaError } from '../../domain/errors.ts';
import { safeText } from '../../domain/policy/safe-text.ts';
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { RequestRecord } from '../../domain/records/request.ts';
import { parseRequestId } from '../../domain/records/request-id.ts';
import { refuse, refuseIfAny } from '../../domain/refusal.ts';
import type { Judging } from '../../ports/request-store.ts';
import { actorOf, type Caller } from '../caller.ts';
import { noSuch } from '../no-such.ts';
import type { Services } from '../services.ts';
import { type IssueApprovedDeps, issueApproved, prepareAgain } from './issue-approved.ts';
import { endReason } from './request-answer.ts';
import { findObstacles, reasonsOf } from './request-obstacles.ts';

type Decide = Pick<Services, 'approveRequest' | 'denyRequest'>;

export const createDecideRequest = (deps: IssueApprovedDeps): Decide => ({
  async approveRequest(caller, text, comment) {
    const record = await findRequest(deps, text);
    deps.clock.assertSafe();
    refuseIfAny(await findObstacles(deps.inventory, record, deps.clock.now()));
    // What could not be signed is not approved; what was approved is what was judged here.
    await prepareAgain(deps, record);
    const outcome = await deps.inventory.approveRequest(judgingOf(deps, caller, { record, kind: 'approved', comment }));
    if (outcome.kind === 'notFound') throw noSuch('request', text);
    if (outcome.kind !== 'done') return refuse(reasonsOf(outcome));
    if (outcome.record.status === 'pending') {
      deps.requestNews.announce(record.id);
      return { kind: 'request', request: outcome.record };
    }
    return { kind: 'certificate', view: await issueApproved(deps, outcome.record) };
  },

  async denyRequest(caller, text, comment) {
    const record = await findRequest(deps, text);
    const outcome = await deps.inventory.denyRequest(judgingOf(deps, caller, { record, kind: 'denied', comment }));
    switch (outcome.kind) {
      case 'notFound':
        throw noSuch('request', text);
      case 'ended':
        return refuse([endReason(outcome.record)]);
      case 'issuing':
        throw new CaError('conflict', 'The request is approved, and its certificate is being signed. Revoke that one.');
      case 'done':
        deps.requestNews.announce(record.id);
        return outcome.record;
    }
  },
});

export async function findRequest(deps: Pick<IssueApprovedDeps, 'inventory'>, text: string): Promise<RequestRecord> {
  const id = parseRequestId(text);
  const record = id === undefined ? undefined : await deps.inventory.request(id);
  if (!record) throw noSuch('request', text);
  return record;
}

/** Long enough for a sentence or two and a link. */
const longestComment = 500;

function keptComment(written: string): string {
  const characters = [...safeText(written.trim())];
  const kept = characters.slice(0, longestComment).join('');
  return characters.length > longestComment ? `${kept}...` : kept;
}

function judgingOf(
  deps: IssueApprovedDeps,
  caller: Caller,
  verdict: { readonly record: RequestRecord; readonly kind: 'approved' | 'denied'; readonly comment: string },
): Judging {
  if (caller.kind !== 'operator') throw new CaError('unauthorized', 'Only operators decide requests.');
  const { record, kind } = verdict;
  const at = deps.clock.now();
  const comment = keptComment(verdict.comment);
  const audit: AuditEntry = {
    at,
    kind: `request.${kind}`,
    actor: actorOf(caller),
    object: `request:${record.id}`,
    details: { product: record.product, comment },
  };
  return { id: record.id, operator: caller.name, comment, at, audit };
}
