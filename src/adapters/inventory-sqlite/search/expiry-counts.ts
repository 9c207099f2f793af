/** Counts the products' good certificates by owner and days left, a slice of the table at a time, so that searches get their turns. */
import { CaError } from '../../../domain/errors.ts';
import type { ExpiryCount } from '../../../ports/inventory.ts';
import type { Connection } from '../connection.ts';
import type { AskedExpiries } from './search-messages.ts';

/** Rows of a slice: about a millisecond, which is what a search may have to wait for it. */
const defaultSliceRows = 1000;

/** Two look-ups: asked for both at once, SQLite would read the whole table. */
const ends = 'SELECT (SELECT min(id) FROM certificates), (SELECT max(id) FROM certificates)';

/** Grouped outside: SQLite would sort each slice for it, which takes twice as long. */
export const expirySlice = `SELECT owner, not_after, successor IS NULL FROM certificates
  WHERE id >= ? AND id < ? AND purpose = 'product' AND state = 'issued' AND +not_after >= ?`;

const daySeconds = 86_400;

type SliceRow = readonly [owner: string, notAfter: number, isUnfollowed: 0 | 1];

export interface ExpiryCounter {
  count(asked: AskedExpiries): Promise<readonly ExpiryCount[]>;
  /** Ends what is being counted with `stopping`; resolves when nothing reads any more. */
  stop(): Promise<void>;
}

export function expiryCounter(connection: Connection, sliceRows = defaultSliceRows): ExpiryCounter {
  const range = connection.prepare<[], readonly [number | null, number | null]>(ends).raw();
  const rowsOf = connection.prepare<[number, number, number], SliceRow>(expirySlice).raw();
  let counting: Promise<unknown> = Promise.resolve();
  let stopped = false;

  const countAll = async ({ now, boundsDays }: AskedExpiries): Promise<readonly ExpiryCount[]> => {
    const bounds = boundsDays.map((days) => now + days * daySeconds);
    const totals = new Map<string, OwnerCounts>();
    const [first, last] = range.get()!;
    // Ids have few gaps but before the first, where an archive has taken rows away.
    for (let from = first ?? 1; from <= (last ?? 0); from += sliceRows) {
      for (const row of rowsOf.all(from, from + sliceRows, now)) addRow(totals, bounds, row);
      await othersTurn();
    }
    return [...totals].flatMap(([owner, counts]) => countsOf(owner, counts));
  };

  const othersTurn = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (stopped) throw new CaError('stopping', 'The service is stopping.');
  };

  return {
    count(asked) {
      const counted = countAll(asked);
      counting = Promise.allSettled([counting, counted]);
      return counted;
    },
    async stop() {
      stopped = true;
      await counting;
    },
  };
}

/** By band. */
interface OwnerCounts {
  readonly certificates: number[];
  readonly withoutSuccessor: number[];
}

function addRow(
  totals: Map<string, OwnerCounts>,
  bounds: readonly number[],
  [owner, notAfter, isUnfollowed]: SliceRow,
): void {
  let counts = totals.get(owner);
  if (!counts) {
    const none = (): number[] => Array<number>(bounds.length + 1).fill(0);
    counts = { certificates: none(), withoutSuccessor: none() };
    totals.set(owner, counts);
  }
  let band = 0;
  while (band < bounds.length && notAfter >= bounds[band]!) band++;
  counts.certificates[band]! += 1;
  counts.withoutSuccessor[band]! += isUnfollowed;
}

const countsOf = (owner: string, { certificates, withoutSuccessor }: OwnerCounts): ExpiryCount[] =>
  certificates.flatMap((count, band) =>
    count > 0 ? [{ owner, band, certificates: count, withoutSuccessor: withoutSuccessor[band] ?? 0 }] : [],
  );
