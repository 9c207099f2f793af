/** What passes between the main thread and the search thread. */
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { CertificateQuery, ExpiryCount, Inventory, InventoryCounts } from '../../ports/inventory.ts';
import type { Failure } from './database-error.ts';

/** What `expiryCounts` is asked. */
export type AskedExpiries = Parameters<Inventory['expiryCounts']>[0];

/** Without a query and expiries: the counts. */
export interface SearchRequest {
  readonly id: number;
  readonly query?: CertificateQuery;
  readonly expiries?: AskedExpiries;
}

export type SearchAnswer =
  | { readonly id: number; readonly value: readonly CertificateRecord[] | readonly ExpiryCount[] | InventoryCounts }
  | { readonly id: number; readonly failure: Failure };
