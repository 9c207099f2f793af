/** Counts what should have been rotated and what failed at its targets, by owner: along two indexes, a slice at a turn. */
import type { DeploymentState } from '../../domain/records/deployment.ts';
import type { AlertStore, RotationCount } from '../../ports/alert-store.ts';
import type { Connection } from './connection.ts';
import { asked } from './point-reads.ts';
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

const failedStates: readonly DeploymentState[] = ['failed', 'failedBehind'];

export function rotationCounts(connection: Connection): AlertStore['rotationCounts'] {
  const overdue = inSlices(connection, rotationSlices.overdueSame, rotationSlices.overdueLater);
  const failed = inSlices(connection, rotationSlices.failedSame, rotationSlices.failedLater);
  return async ({ now, boundsDays }) => {
    const owners = new Map<string, Sums>();
    const sumsOf = (owner: string): Sums => {
      const sums = owners.get(owner) ?? { overdue: 0, expiring: boundsDays.map(() => 0), failed: 0 };
      owners.set(owner, sums);
      return sums;
    };
    for await (const { owner, notAfter } of valid(overdue({ now }), now)) {
      const sums = sumsOf(owner);
      const band = boundsDays.findIndex((days) => notAfter < now + days * 86_400);
      sums.overdue += 1;
      if (band >= 0) sums.expiring[band]! += 1;
    }
    for (const state of failedStates) {
      for await (const { owner } of valid(failed({ state }), now)) sumsOf(owner).failed += 1;
    }
    return Array.from(owners, ([owner, sums]): RotationCount => ({ owner, ...sums }));
  };
}

async function* valid(rows: AsyncIterable<Row>, now: number): AsyncGenerator<Row> {
  for await (const row of rows) if (row.counts === 1 && row.notAfter >= now) yield row;
}

/** Every row once, with a turn for others after each slice. */
function inSlices(connection: Connection, same: string, later: string) {
  const [sameRows, laterRows] = [same, later].map((sql) => connection.prepare<[object], Row>(sql));
  const slice = asked((bounds: object): Row[] => {
    const first = sameRows!.all({ ...bounds, limit: sliceRows });
    return first.length > 0 ? first : laterRows!.all({ ...bounds, limit: sliceRows });
  });
  return async function* (bounds: { readonly now: number } | { readonly state: DeploymentState }) {
    let last: Pick<Row, 'place' | 'id'> | undefined = { place: Number.MIN_SAFE_INTEGER, id: 0 };
    while (last) {
      const rows: Row[] = await slice({ ...bounds, place: last.place, id: last.id });
      yield* rows;
      last = rows.at(-1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}
