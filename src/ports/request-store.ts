/** Port: the part of the inventory that keeps requests waiting for approval. What ports/inventory.ts promises holds here, too. */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { RequestDetails, RequestRecord, RequestStatus } from '../domain/records/request.ts';
import type { IdempotencyKey, Stop, StopOf } from './issuance-conditions.ts';

export interface RequestSubmission {
  readonly request: RequestDetails;
  readonly csrDer: Uint8Array;
  /** A product may have so many open requests. */
  readonly mostOpen: number;
  readonly idempotency?: IdempotencyKey;
  readonly audit: AuditEntry;
}

export type SubmissionOutcome =
  | { readonly kind: 'recorded' }
  | Stop
  /** Asked last. */
  | { readonly kind: 'tooManyOpen' };

/** One operator's verdict on a request. */
export interface Judging {
  readonly id: string;
  /** A name. */
  readonly operator: string;
  /** Printable. */
  readonly comment: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly audit: AuditEntry;
}

/** What a request rests on. */
export type RequestGround = 'profile' | 'product' | 'token' | 'certificate';

export type ApproveOutcome =
  /** The verdict is recorded, or all that are needed were there before. */
  | { readonly kind: 'done'; readonly record: RequestRecord }
  | { readonly kind: 'notFound' }
  /** Issued, denied, or its time is up, also when nobody has noted that yet. */
  | { readonly kind: 'ended'; readonly record: RequestRecord }
  | { readonly kind: 'ownRequest' }
  | { readonly kind: 'approvedBefore' }
  /** Another version of profile or product, a token that was removed, a shown certificate that is revoked. */
  | { readonly kind: 'outdated'; readonly changed: readonly RequestGround[] }
  | StopOf<'keyBlocked' | 'hasSuccessor' | 'predecessorRevoked' | 'predecessorArchived'>;

export type DenyOutcome =
  | Extract<ApproveOutcome, { readonly kind: 'done' | 'notFound' | 'ended' }>
  /** Approved, and its certificate is being signed. */
  | { readonly kind: 'issuing' };

export interface RequestQuery {
  readonly status?: RequestStatus;
  readonly product?: string;
  /** Those with a smaller id. */
  readonly before?: string;
  readonly limit: number;
}

export interface DueRequests {
  /** Ids of open requests whose time is up. */
  readonly expired: readonly string[];
  /** Ids of approved requests for which nothing is being signed. */
  readonly approved: readonly string[];
}

/**
 * Approvals end, each with an event `request.approvalWithdrawn`, when their operator is removed, is recovered, may not approve any more, or has a
 * certificate revoked or put on hold for any reason that casts doubt (domain/policy/revocation-reason.ts). It is one transaction with
 * that act, and a request that was approved is pending again. What is being signed keeps its approvals until its intent is
 * closed; then they are judged by what happened since they were given. A restoration ends all approvals of what was not issued.
 */
export interface RequestStore {
  /** Makes the request, the token use and the audit entry durable. Rejects with `unauthorized` when the product was removed. */
  recordRequest(submission: RequestSubmission): Promise<SubmissionOutcome>;
  /**
   * Adds the verdict; with the last one needed the request is approved. Everything is judged in the same transaction. Rejects with
   * CaError `unauthorized`, as does `denyRequest`, for who is no operator any more, or an auditor.
   */
  approveRequest(judging: Judging): Promise<ApproveOutcome>;
  /** Ends an open request that is not being issued, and gives its token use back. */
  denyRequest(judging: Judging): Promise<DenyOutcome>;
  /**
   * The same for a request whose time is up at Unix millisecond `at`, and before that for an approved one which can never be issued:
   * what it rests on changed or went, other than by a hold, its key is blocked, or its predecessor is followed. False if it is neither.
   */
  expireRequest(expiring: { id: string; at: number; audit: AuditEntry }): Promise<boolean>;
  request(id: string): Promise<RequestRecord | undefined>;
  /** The CSR as it was submitted. */
  requestCsr(id: string): Promise<Uint8Array | undefined>;
  /** Newest first. */
  requests(query: RequestQuery): Promise<readonly RequestRecord[]>;
  /** What housekeeping has to do at Unix millisecond `at`, at most `limit` of each. */
  dueRequests(at: number, limit: number): Promise<DueRequests>;
}
