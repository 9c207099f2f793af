/** What the faces are shown of requests that wait, or waited, for approval. */
import type { Reason } from '../../domain/errors.ts';
import type { CertificateComparison } from '../../domain/policy/compare-certificate.ts';
import type { PreparedCertificate } from '../../domain/policy/prepare-certificate.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { RequestRecord, RequestStatus } from '../../domain/records/request.ts';

/** A request as an operator judges it. */
export interface RequestView {
  readonly record: RequestRecord;
  /** Who made the token that was used; null without one, or when it is gone. */
  readonly tokenCreatedBy: string | null;
  /** Null when it has ended, or when it would be refused. */
  readonly proposal: RequestProposal | null;
  /** Why an approval would be refused now. */
  readonly obstacles: readonly Reason[];
}

/** What would be signed if the request were approved now. */
export interface RequestProposal {
  readonly authority: string;
  readonly prepared: PreparedCertificate;
  /** Beside the certificate that it would replace or join: null when the product has none for any of its names. */
  readonly comparison: { readonly with: CertificateRecord; readonly differences: CertificateComparison } | null;
}

export interface RequestListInput {
  readonly status?: RequestStatus;
  readonly product?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export interface ListedRequest extends RequestRecord {
  /** Why an approval would be refused now, as far as that is told without preparing what would be signed. */
  readonly obstacles: readonly Reason[];
}

export interface RequestPage {
  readonly items: readonly ListedRequest[];
  /** Opaque; null at the end. */
  readonly nextCursor: string | null;
}
