/** Counts the products' good certificates by owner and days left, a slice of the table at a time, so that searches get their turns. */
import { CaError } from '../../domain/errors.ts';
import type { ExpiryCount } from '../../ports/inventory.ts';
import type { AskedExpiring, ExpiringCount } from '../../ports/inventory-questions.ts';
import type { Connection } from './connection.ts';
import type { AskedExpiries } from './search-messages.ts';

/** Rows of a slice: some milliseconds, which is what a search may have to wait for it. */
const defaultSliceRows = 5000;

const endOfSlice = 'SELECT max(id) FROM (SELECT id FROM certificates WHERE id > ? ORDER BY id LIMIT ?)';

const daySeconds = 86_400;

/** By whole days here, by bands outside: the statement is the same whatever the bands are. */
const countSlice = `SELECT owner, (not_after - ?) / ${daySeconds} AS days, count(*), sum(successor IS NULL)
  FROM certificates WHERE id > ? AND id <= ? AND purpose = 'product' AND state = 'issued' AND not_after >= ?
  GROUP BY owner, days`;

/** Of one day, which is the slice here. */
export const countDay = `SELECT owner AS product, count(*) AS certificates, sum(successor IS NULL) AS withoutSuccessor
  FROM certificates WHERE not_after >= :from AND not_after < :until AND +purpose = 'product' AND +state = 'issued'
    AND (:environment IS NULL OR +environment = :environment) AND (:product IS NULL OR +owner = :product)
  GROUP BY owner`;

type SliceRow = readonly [owner: string, days: number, certificates: number, withoutSuccessor: number];

type Asked = Omit<AskedExpiring, 'environment' | 'product'> & {
  readonly environment?: string | null;
  readonly product?: string | null;
};

export interface ExpiryCounter {
  count(asked: AskedExpiries): Promise<readonly ExpiryCount[]>;
  expiring(asked: AskedExpiring): Promise<readonly ExpiringCount[]>;
  /** Ends what is being counted with `stopping`; resolves when nothing reads any more. */
  stop(): Promise<void>;
}

export function expiryCounter(connection: Connection, sliceRows = defaultSliceRows): ExpiryCounter {
  const ends = connection.prepare<[number, number], number | null>(endOfSlice).pluck();
  const slices = connection.prepare<[number, number, number, number], SliceRow>(countSlice).raw();
  let counting: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const countAll = async ({ now, boundsDays }: AskedExpiries): Promise<readonly ExpiryCount[]> => {
    const totals = new Map<string, Writable<ExpiryCount>>();
    let after = 0;
    for (let end = ends.get(after, sliceRows); end; end = ends.get(after, sliceRows)) {
      for (const row of slices.all(now, after, end, now)) addRow(totals, boundsDays, row);
      after = end;
      await othersTurn();
    }
    return [...totals.values()];
  };

  const days = connection.prepare<[object], Omit<ExpiringCount, 'day'>>(countDay);
  const countDays = async ({ now, until, environment = null, product = null }: Asked): Promise<ExpiringCount[]> => {
    const counts: ExpiringCount[] = [];
    for (let day = now - (now % daySeconds); day < until; day += daySeconds) {
      const bounds = { from: Math.max(day, now), until: Math.min(day + daySeconds, until) };
      for (const count of days.all({ ...bounds, environment, product })) counts.push({ day, ...count });
      await othersTurn();
    }
    return counts;
  };

  const othersTurn = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (stopped) throw new CaError('stopping', 'The service is stopping.');
  };
  const noted = <T>(counted: Promise<T>): Promise<T> => {
    counting = Promise.allSettled([counting, counted]);
    return counted;
  };

  return {
    count: (asked) => noted(countAll(asked)),
    expiring: (asked) => noted(countDays(asked)),
    async stop() {
      stopped = true;
      await counting;
    },
  };
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function addRow(
  totals: Map<string, Writable<ExpiryCount>>,
  boundsDays: readonly number[],
  [owner, days, certificates, withoutSuccessor]: SliceRow,
): void {
  const found = boundsDays.findIndex((bound) => days < bound);
  const band = found < 0 ? boundsDays.length : found;
  const key = `${band} ${owner}`;
  const total = totals.get(key) ?? { owner, band, certificates: 0, withoutSuccessor: 0 };
  total.certificates += certificates;
  total.withoutSuccessor += withoutSuccessor;
  totals.set(key, total);
}
