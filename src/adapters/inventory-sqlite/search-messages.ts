/** What passes between the main thread and the search thread. */
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { CertificateQuery, InventoryCounts } from '../../ports/inventory.ts';
import type { Failure } from './database-error.ts';

/** Without a query: the counts. */
export interface SearchRequest {
  readonly id: number;
  readonly query?: CertificateQuery;
}

export type SearchAnswer =
  | { readonly id: number; readonly value: readonly CertificateRecord[] | InventoryCounts }
  | { readonly id: number; readonly failure: Failure };
