/** Counts what should have been rotated and what failed at its targets, by owner: along two indexes, a slice at each call. */
import type { DeploymentState } from '../../../domain/records/deployment.ts';
import type { AlertStore, RotationCount, RotationPlace } from '../../../ports/alert-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { asked } from '../reads/point-reads.ts';
import { everyWindowEndSql, unfollowedSql } from './search-filters.ts';

/** Rows of a slice: under a millisecond of the thread that answers requests. */
const sliceRows = 500;

const columns = 'id, owner, not_after AS notAfter';

/** Each after one row, in the order of its index; in two, as SQLite finds them by it. A test asks it for their plans. */
export const rotationSlices = {
  overdueSame: `SELECT ${columns}, ${everyWindowEndSql} AS place, 1 AS counts FROM certificates
    WHERE ${everyWindowEndSql} = :place AND id > :id AND ${everyWindowEndSql} <= :now AND ${unfollowedSql} ORDER BY id LIMIT :limit`,
  overdueLater: `SELECT ${columns}, ${everyWindowEndSql} AS place, 1 AS counts FROM certificates
    WHERE ${everyWindowEndSql} > :place AND ${everyWindowEndSql} <= :now AND ${unfollowedSql}
    ORDER BY ${everyWindowEndSql}, id LIMIT :limit`,
  failedSame: `SELECT ${columns}, requested_at AS place, state = 'issued' AND successor IS NULL AS counts FROM certificates
    WHERE deployment = :state AND requested_at = :place AND id > :id ORDER BY id LIMIT :limit`,
  failedLater: `SELECT ${columns}, requested_at AS place, state = 'issued' AND successor IS NULL AS counts FROM certificates
    WHERE deployment = :state AND requested_at > :place ORDER BY requested_at, id LIMIT :limit`,
} as const;

interface Row {
  readonly id: number;
  readonly owner: string;
  readonly notAfter: number;
  readonly place: number;
  readonly counts: 0 | 1;
}

interface Sums {
  overdue: number;
  readonly expiring: number[];
  failed: number;
}

/** What is read one after the other. */
const parts = ['overdue', 'failed', 'failedBehind'] as const satisfies readonly ('overdue' | DeploymentState)[];
const beginning = { place: Number.MIN_SAFE_INTEGER, id: 0 };

export function rotationSlice(connection: Statements): AlertStore['rotationSlice'] {
  const prepare = (sql: string) => connection.prepare<[object], Row>(sql);
  const overdue = [prepare(rotationSlices.overdueSame), prepare(rotationSlices.overdueLater)] as const;
  const failed = [prepare(rotationSlices.failedSame), prepare(rotationSlices.failedLater)] as const;

  return asked(({ now, boundsDays, from }) => {
    const { part, place, id } = from ?? { part: 0, ...beginning };
    const state = parts[part]!;
    const [same, later] = state === 'overdue' ? overdue : failed;
    const bounds = { ...(state === 'overdue' ? { now } : { state }), place, id, limit: sliceRows };
    const rest = same.all(bounds);
    const rows = rest.length > 0 ? rest : later.all(bounds);
    return { counts: countsOf(rows, state, { now, boundsDays }), next: placeAfter(part, rows.at(-1)) };
  });
}

/** A slice without rows ends its part. */
function placeAfter(part: number, last: Row | undefined): RotationPlace | null {
  if (last) return { part, place: last.place, id: last.id };
  return part + 1 < parts.length ? { part: part + 1, ...beginning } : null;
}

function countsOf(
  rows: readonly Row[],
  state: (typeof parts)[number],
  { now, boundsDays }: { readonly now: number; readonly boundsDays: readonly number[] },
): RotationCount[] {
  const owners = new Map<string, Sums>();
  for (const { owner, notAfter, counts } of rows) {
    if (counts === 0 || notAfter < now) continue;
    const sums = owners.get(owner) ?? { overdue: 0, expiring: boundsDays.map(() => 0), failed: 0 };
    owners.set(owner, sums);
    if (state !== 'overdue') {
      sums.failed += 1;
      continue;
    }
    const band = boundsDays.findIndex((days) => notAfter < now + days * 86_400);
    sums.overdue += 1;
    if (band >= 0) sums.expiring[band]! += 1;
  }
  return Array.from(owners, ([owner, sums]): RotationCount => ({ owner, ...sums }));
}
