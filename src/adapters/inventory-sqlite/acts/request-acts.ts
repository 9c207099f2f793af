/** Acts on requests that wait for approval: submitted once, approved by one or two operators, ended in exactly one way. */
import type { RequestDetails, RequestRecord } from '../../../domain/records/request.ts';
import type { ApproveOutcome, Judging, RequestStore, RequestSubmission } from '../../../ports/request-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { joinNames, octets, serialOctets } from '../rows/certificate-row.ts';
import { type RequestRow, requestById, requestRecords } from '../rows/request-row.ts';
import { actingOperators } from './acting-operators.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { idempotencyKeys, keyBlocks, removedProducts, successorLinks, tokenUses } from './intent-conditions.ts';
import { requestGrounds } from './request-grounds.ts';
import { hopelessRequests } from './request-prospects.ts';

type RequestActs = Pick<Acts, Extract<keyof RequestStore, keyof Acts>>;

export function requestActs(connection: Statements, audit: AuditChain): RequestActs {
  return { ...submitting(connection, audit), ...judging(connection, audit) };
}

const insertSql = `INSERT INTO requests (id, status, environment, product, product_version, profile, profile_version,
  names, key_type, key_sha256, lifetime_seconds, approvals_needed, requested_by, token_id, shown_serial, predecessor,
  requested_at, expires_at, csr) VALUES (?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

function submitting(connection: Statements, audit: AuditChain): Pick<RequestActs, 'recordRequest'> {
  const keys = idempotencyKeys(connection);
  const tokens = tokenUses(connection);
  const successors = successorLinks(connection);
  const blocks = keyBlocks(connection);
  const refuseRemoved = removedProducts(connection);
  const insert = connection.prepare(insertSql);
  const countOpen = connection
    .prepare<[string], number>('SELECT count(*) FROM requests WHERE product = ? AND ended_at IS NULL')
    .pluck();

  /** In the order of an intent's conditions; nothing is written yet. */
  const refusal = ({ request, idempotency, mostOpen }: RequestSubmission) =>
    (idempotency && keys.find(idempotency, request.requestedAt)) ??
    blocks.refusal(request.keySha256) ??
    (request.tokenId === null ? undefined : tokens.refusal(request.tokenId, request.requestedAt)) ??
    (request.predecessor === null ? undefined : successors.refusal(request.predecessor)) ??
    ((countOpen.get(request.product) ?? 0) < mostOpen ? undefined : ({ kind: 'tooManyOpen' } as const));

  return {
    recordRequest(submission) {
      const { request, csrDer, idempotency } = submission;
      const refused = refusal(submission);
      if (refused) return refused;
      refuseRemoved(request.product);
      insert.run(...columnsOf(request), csrDer);
      if (request.tokenId !== null) tokens.take(request.tokenId);
      if (idempotency) keys.bind(idempotency, { request: request.id }, request.requestedAt);
      audit.append(submission.audit);
      return { kind: 'recorded' };
    },
  };
}

const optionalSerial = (serial: string | null): Buffer | null => (serial === null ? null : serialOctets(serial));

const columnsOf = (request: RequestDetails): unknown[] => [
  request.id,
  request.environment,
  request.product,
  request.productVersion,
  request.profile,
  request.profileVersion,
  joinNames(request.names),
  request.keyType,
  octets(request.keySha256),
  request.lifetimeSeconds,
  request.approvalsNeeded,
  request.requestedBy,
  request.tokenId,
  optionalSerial(request.shownSerial),
  optionalSerial(request.predecessor),
  request.requestedAt,
  request.expiresAt,
];

function judging(connection: Statements, audit: AuditChain): Omit<RequestActs, 'recordRequest'> {
  const tokens = tokenUses(connection);
  const judge = approvalConditions(connection);
  const isHopeless = hopelessRequests(connection);
  const assertApprover = actingOperators(connection, 'approve');
  const select = connection.prepare<[string], RequestRow>(requestById);
  const recordOf = requestRecords(connection);
  const addVerdict = connection.prepare('INSERT INTO request_verdicts VALUES (?, ?, ?, ?, ?)');
  const approve = connection.prepare("UPDATE requests SET status = 'approved' WHERE id = ?");
  const end = connection.prepare('UPDATE requests SET status = ?, ended_at = ? WHERE id = ?');

  const find = (id: string): RequestRecord | undefined => {
    const row = select.get(id);
    return row && recordOf(row);
  };
  const endUnissued = (status: 'denied' | 'expired', { id, tokenId }: RequestRecord, at: number): void => {
    end.run(status, at, id);
    if (tokenId !== null) tokens.giveBack(tokenId);
  };
  const done = (id: string) => ({ kind: 'done', record: find(id)! }) as const;

  return {
    approveRequest({ id, operator, comment, at, audit: entry }) {
      assertApprover(operator);
      const record = find(id);
      if (!record) return { kind: 'notFound' };
      const refused = judge(record, { operator, at });
      if (refused) return refused;
      if (record.status === 'approved') return done(id);
      addVerdict.run(id, operator, 'approved', at, comment);
      if (record.verdicts.length + 1 >= record.approvalsNeeded) approve.run(id);
      audit.append(entry);
      return done(id);
    },

    denyRequest({ id, operator, comment, at, audit: entry }) {
      assertApprover(operator);
      const record = find(id);
      if (!record) return { kind: 'notFound' };
      if (hasEnded(record, at)) return { kind: 'ended', record };
      if (record.serial !== null) return { kind: 'issuing' };
      addVerdict.run(id, operator, 'denied', at, comment);
      endUnissued('denied', record, at);
      audit.append(entry);
      return done(id);
    },

    expireRequest({ id, at, audit: entry }) {
      const record = find(id);
      if (!record || record.endedAt !== null || record.serial !== null) return false;
      if (at < record.expiresAt && !(record.status === 'approved' && isHopeless(record))) return false;
      endUnissued('expired', record, at);
      audit.append(entry);
      return true;
    },
  };
}

/** What is being issued was approved in time. */
const hasEnded = ({ endedAt, serial, expiresAt }: RequestRecord, at: number): boolean =>
  endedAt !== null || (serial === null && expiresAt <= at);

/** Why an approval is refused now. */
function approvalConditions(connection: Statements) {
  const blocks = keyBlocks(connection);
  const successors = successorLinks(connection);
  const changedGrounds = requestGrounds(connection);

  return (
    record: RequestRecord,
    { operator, at }: Pick<Judging, 'operator' | 'at'>,
  ): Exclude<ApproveOutcome, { readonly kind: 'done' | 'notFound' }> | undefined => {
    if (hasEnded(record, at)) return { kind: 'ended', record };
    if (record.serial !== null) return undefined;
    if (record.requestedBy === `operator:${operator}`) return { kind: 'ownRequest' };
    const changed = changedGrounds(record);
    if (changed.length > 0) return { kind: 'outdated', changed };
    const refused =
      blocks.refusal(record.keySha256) ??
      (record.predecessor === null ? undefined : successors.refusal(record.predecessor));
    if (refused) return refused;
    const before = record.status === 'pending' && record.verdicts.some((verdict) => verdict.operator === operator);
    return before ? { kind: 'approvedBefore' } : undefined;
  };
}
