/** What passes between the main thread and the search thread. */
import type { Inventory } from '../../../ports/inventory.ts';
import type { Failure } from '../database-error.ts';

/** The methods of the port that run on the search thread. */
export type SearchName =
  | 'searchCertificates'
  | 'renderCertificates'
  | 'countMatches'
  | 'summary'
  | 'searchAuditEvents'
  | 'campaignMembers'
  | 'expiryCounts'
  | 'expiring'
  | 'counts';

/** What `expiryCounts` is asked. */
export type AskedExpiries = Parameters<Inventory['expiryCounts']>[0];

export interface SearchRequest<Name extends SearchName = SearchName> {
  readonly id: number;
  readonly name: Name;
  readonly args: Parameters<Inventory[Name]>;
}

export type SearchAnswer =
  | { readonly id: number; readonly value: Awaited<ReturnType<Inventory[SearchName]>> }
  | { readonly id: number; readonly failure: Failure };
