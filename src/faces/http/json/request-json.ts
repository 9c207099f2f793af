/** Requests that wait, or waited, for approval as their REST shapes. */
import type { ListedRequestJson, PendingRequestJson, RequestJson, RequestSummary } from '../../../api/request.ts';
import { describeExtensions } from '../../../domain/policy/describe-tbs.ts';
import { lintRuleCount } from '../../../domain/policy/lint.ts';
import type { RequestRecord } from '../../../domain/records/request.ts';
import type { ListedRequest, RequestProposal, RequestView } from '../../../services/requests/request-views.ts';
import { rfc3339, rfc3339Ms } from './rfc3339.ts';

export const requestPath = (id: string): string => `/v1/requests/${id}`;

const settledOf = (record: RequestRecord) => ({
  id: record.id,
  status: record.status,
  product: record.product,
  profile: { name: record.profile, version: record.profileVersion },
  names: [...record.names],
  key: { type: record.keyType, sha256: record.keySha256 },
  requestedAt: rfc3339Ms(record.requestedAt),
  expiresAt: rfc3339Ms(record.expiresAt),
});

/** The requester is told how many have approved, not who. */
export const pendingRequestJson = (record: RequestRecord): PendingRequestJson => ({
  ...settledOf(record),
  approvals: { needed: record.approvalsNeeded, given: record.verdicts.length },
  links: { self: requestPath(record.id) },
});

export const requestSummary = (record: RequestRecord): RequestSummary => ({
  ...settledOf(record),
  environment: record.environment,
  productVersion: record.productVersion,
  lifetimeSeconds: record.lifetimeSeconds,
  predecessor: record.predecessor,
  requestedBy: record.requestedBy,
  endedAt: record.endedAt === null ? null : rfc3339Ms(record.endedAt),
  certificate: record.status === 'issued' ? record.serial : null,
  approvalsNeeded: record.approvalsNeeded,
  verdicts: record.verdicts.map(({ at, ...verdict }) => ({ ...verdict, at: rfc3339Ms(at) })),
});

export const listedRequestJson = (request: ListedRequest): ListedRequestJson => ({
  ...requestSummary(request),
  obstacles: request.obstacles.map((reason) => ({ ...reason })),
});

export const requestJson = (view: RequestView): RequestJson => ({
  ...requestSummary(view.record),
  tokenCreatedBy: view.tokenCreatedBy,
  proposal: view.proposal && proposalJson(view.proposal),
  obstacles: view.obstacles.map((reason) => ({ ...reason })),
});

function proposalJson({ authority, prepared, comparison }: RequestProposal): NonNullable<RequestJson['proposal']> {
  return {
    authority,
    subject: prepared.subject,
    names: [...prepared.names],
    key: { type: prepared.keyType, sha256: prepared.keySha256 },
    notBefore: rfc3339(prepared.notBefore),
    notAfter: rfc3339(prepared.notAfter),
    // RFC 5280 §4.1.2.5: both ends belong to the validity period.
    lifetimeSeconds: prepared.notAfter - prepared.notBefore + 1,
    extensions: describeExtensions(prepared.tbs).map((one) => ({ ...one, values: [...one.values] })),
    // Nothing is prepared that breaks a rule.
    lint: { rules: lintRuleCount, broken: [] },
    comparison: comparison && comparisonJson(comparison),
  };
}

function comparisonJson({ with: before, differences }: NonNullable<RequestProposal['comparison']>) {
  const { namesAdded, namesRemoved, ...rest } = differences;
  return {
    serial: before.serial,
    notAfter: rfc3339(before.notAfter),
    namesAdded: [...namesAdded],
    namesRemoved: [...namesRemoved],
    ...rest,
  };
}
