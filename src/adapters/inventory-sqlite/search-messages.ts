/** What passes between the main thread and the search thread. */
import type { KeptEvent } from '../../domain/audit/kept-event.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { AuditQuery, CertificateQuery, ExpiryCount, Inventory, InventoryCounts } from '../../ports/inventory.ts';
import type { Failure } from './database-error.ts';

/** What `expiryCounts` is asked. */
export type AskedExpiries = Parameters<Inventory['expiryCounts']>[0];

/** One question; without any: the counts. */
export interface SearchRequest {
  readonly id: number;
  readonly query?: CertificateQuery;
  readonly auditQuery?: AuditQuery;
  readonly expiries?: AskedExpiries;
}

type SearchValue = readonly CertificateRecord[] | readonly KeptEvent[] | readonly ExpiryCount[] | InventoryCounts;

export type SearchAnswer =
  | { readonly id: number; readonly value: SearchValue }
  | { readonly id: number; readonly failure: Failure };
