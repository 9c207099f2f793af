/** Pages through the audit log. */
import { caErrorCodes, type Reason } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import { auditKinds } from '../../domain/records/audit-event.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import type { AuditQuery, Inventory } from '../../ports/inventory.ts';
import { contradiction } from '../inventory/contradictory-filters.ts';
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
    refuseUnfit(query);
    const { limit, ...filters } = query;
    const cursors = await cursorsFor('auditEvents', filters);
    const last = cursor === undefined ? undefined : (cursors.open(cursor) as number);
    // One more than asked for tells whether there is a next page.
    const rows = await inventory.searchAuditEvents({ ...beyond(query, last), limit: limit + 1 });
    const items = rows.slice(0, limit);
    const lastItem = items.at(-1);
    return { items, nextCursor: rows.length > items.length && lastItem ? cursors.seal(lastItem.seq) : null };
  };

/** Whatever no event can meet would look like a log in which it never happened. */
function refuseUnfit({ kind, code, seqAfter, seqBefore, atAfter, atBefore }: Omit<AuditListInput, 'cursor'>): void {
  const reasons: Reason[] = [];
  if (kind !== undefined && !isOne(auditKinds, kind)) reasons.push(noneOf('kind', kind, likelyKinds(kind)));
  if (code !== undefined && !isOne(caErrorCodes, code)) reasons.push(noneOf('code', code, caErrorCodes));
  if (seqAfter !== undefined && seqBefore !== undefined && seqBefore - seqAfter < 2) {
    reasons.push(contradiction('seq.before', 'must be greater than seq.after by two or more', String(seqBefore)));
  }
  if (atAfter !== undefined && atBefore !== undefined && atBefore <= atAfter) {
    const value = new Date(atBefore).toISOString();
    reasons.push(contradiction('at.before', 'must be later than at.after', value));
  }
  refuseIfAny(reasons);
}

const isOne = (known: readonly string[], asked: string): boolean => known.includes(asked);

const noneOf = (field: string, asked: string, known: readonly string[]): Reason => ({
  code: 'invalidField',
  field,
  message: `${field} must be one of ${known.join(', ')}.`,
  value: printable(asked),
});

/** Those about the same thing, or all where it is no thing. */
function likelyKinds(kind: string): readonly string[] {
  const [thing] = kind.split('.', 1);
  const likely = auditKinds.filter((known) => known.startsWith(`${thing}.`));
  return likely.length > 0 ? likely : auditKinds;
}

/** Nothing before the end of the last page; it lies inside the query's own bounds. */
function beyond(query: AuditQuery, last: number | undefined): AuditQuery {
  if (last === undefined) return query;
  return query.sort === 'seq' ? { ...query, seqAfter: last } : { ...query, seqBefore: last };
}
