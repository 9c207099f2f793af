/** Pages through the inventory. */
import type { CertificateRecord } from '../domain/records/certificate.ts';
import type { Clock } from '../ports/clock.ts';
import type { CertificateQuery, Inventory } from '../ports/inventory.ts';
import type { Caller } from './caller.ts';
import type { CursorsFor } from './page-cursors.ts';
import type { CertificatePage, ListInput } from './services.ts';

export interface ListDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly cursorsFor: CursorsFor;
}

type Position = NonNullable<CertificateQuery['after']>;

export function createListCertificates(deps: ListDeps): (caller: Caller, input: ListInput) => Promise<CertificatePage> {
  return async (caller, input) => {
    const { cursor, ...filters } = input;
    const own = caller.kind === 'operator' ? {} : ({ purpose: 'product', owner: caller.product } as const);
    const query = { ...filters, ...own };
    const { limit: _limit, ...binding } = query;
    const cursors = await deps.cursorsFor('certificates', binding);
    const after = cursor === undefined ? undefined : (cursors.open(cursor) as Position);
    const now = Math.floor(deps.clock.now() / 1000);
    // One more than asked for tells whether there is a next page.
    const rows = await deps.inventory.searchCertificates({
      ...query,
      ...(after && { after }),
      limit: query.limit + 1,
      now,
    });
    const items = rows.slice(0, query.limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > items.length && last ? cursors.seal(positionOf(last, query.sort)) : null,
    };
  };
}

const positionOf = (record: CertificateRecord, sort: CertificateQuery['sort']): Position => ({
  sortValue: sort.endsWith('notAfter') ? record.notAfter : record.requestedAt,
  serial: record.serial,
});
