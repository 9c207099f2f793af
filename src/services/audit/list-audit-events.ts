/** Pages through the audit log. */
import type { AuditQuery, Inventory } from '../../ports/inventory.ts';
import type { CursorsFor } from '../inventory/page-cursors.ts';
import type { AuditListInput, AuditPage } from '../services.ts';

export interface ListAuditEventsDeps {
  readonly inventory: Pick<Inventory, 'searchAuditEvents'>;
  readonly cursorsFor: CursorsFor;
}

/** A page goes on after the last number of the one before: events are only ever added at the end. */
export const createListAuditEvents =
  ({ inventory, cursorsFor }: ListAuditEventsDeps) =>
  async ({ cursor, ...query }: AuditListInput): Promise<AuditPage> => {
    const { limit, ...filters } = query;
    const cursors = await cursorsFor('auditEvents', filters);
    const last = cursor === undefined ? undefined : (cursors.open(cursor) as number);
    // One more than asked for tells whether there is a next page.
    const rows = await inventory.searchAuditEvents({ ...beyond(query, last), limit: limit + 1 });
    const items = rows.slice(0, limit);
    const lastItem = items.at(-1);
    return { items, nextCursor: rows.length > items.length && lastItem ? cursors.seal(lastItem.seq) : null };
  };

/** Nothing before the end of the last page; it lies inside the query's own bounds. */
function beyond(query: AuditQuery, last: number | undefined): AuditQuery {
  if (last === undefined) return query;
  return query.sort === 'seq' ? { ...query, seqAfter: last } : { ...query, seqBefore: last };
}
