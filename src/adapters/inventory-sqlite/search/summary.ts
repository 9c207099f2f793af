/** Counts of everything, read from what the schema's triggers keep, and made true for one moment. */
import type { CertificateStatus } from '../../../domain/records/certificate.ts';
import type { CertificateFilter, InventorySummary, StatusCounts } from '../../../ports/inventory-questions.ts';
import type { KeptStatements } from './kept-statements.ts';

type Counts = Record<CertificateStatus, number>;

/** What certificates are counted by. */
interface Cell {
  readonly environment: string;
  readonly purpose: string;
  readonly owner: string;
  readonly profile: string;
  readonly keyType: string;
}

interface Kept {
  readonly issued: number;
  readonly expired: number;
  readonly revoked: number;
  readonly held: number;
}

/** One certificate that the kept counts do not show as it is. */
export interface Single extends Cell {
  readonly notAfter: number;
  readonly isUnfollowed: 0 | 1;
}

const cellColumns = `coalesce(environment, '') AS environment, purpose, owner, profile, key_type AS keyType`;
const singleColumns = `${cellColumns}, not_after AS notAfter, successor IS NULL AS isUnfollowed`;

/** KeptStatements whose plans are tested; the tables of counts are small and read whole. */
export const summarySql = {
  progress: 'SELECT expired_not_after FROM inventory_progress',
  pending: `SELECT ${singleColumns} FROM certificates WHERE state = 'intent'`,
  /** Expired since the counts last caught up; every second, usually. */
  uncounted: `SELECT ${singleColumns} FROM certificates WHERE +state = 'issued' AND not_after < :now
    AND (not_after, id) > (SELECT expired_not_after, expired_id FROM inventory_progress)`,
  /** Counted as expired by a clock that was ahead of `now`. */
  overcounted: `SELECT ${singleColumns} FROM certificates WHERE +state = 'issued' AND not_after >= :now
    AND (not_after, id) <= (SELECT expired_not_after, expired_id FROM inventory_progress)`,
} as const;

const keptSql = {
  cells: `SELECT ${cellColumns}, issued, expired, revoked, held FROM certificate_counts`,
  /** Weeks begin on Mondays; 1970-01-01 was a Thursday. */
  weeks: `SELECT environment, (day + 3) / 7 AS week, sum(issued) AS issued, sum(expired) AS expired,
    sum(revoked) AS revoked, sum(held) AS held FROM expiry_counts GROUP BY 1, 2`,
} as const;

/** All of one moment. */
function readCounts(statements: KeptStatements, now: number) {
  return statements.transaction(() => ({
    cells: statements.prepare<[], Cell & Kept>(keptSql.cells).all(),
    weeks: statements.prepare<[], { environment: string; week: number } & Kept>(keptSql.weeks).all(),
    ...readSingles(statements, now),
  }))();
}

const readSingles = (statements: KeptStatements, now: number) => ({
  pending: statements.prepare<[], Single>(summarySql.pending).all(),
  uncounted: statements.prepare<[object], Single>(summarySql.uncounted).all({ now }),
  overcounted: statements.prepare<[object], Single>(summarySql.overcounted).all({ now }),
});

/** Each cell, and each correction of one, with what it adds. */
function changesOf(counts: ReturnType<typeof readCounts>): readonly (readonly [Cell, Counts])[] {
  return [
    ...counts.cells.map((cell) => [cell, countsOf(cell)] as const),
    ...correctionsOf(counts).map(([single, change]) => [single, change] as const),
  ];
}

const correctionsOf = ({ pending, uncounted, overcounted }: ReturnType<typeof readSingles>) => [
  ...pending.map((single) => [single, { ...none, pending: 1 }] as const),
  ...uncounted.map((single) => [single, { ...none, valid: -1, expired: 1 }] as const),
  ...overcounted.map((single) => [single, { ...none, valid: 1, expired: -1 }] as const),
];

const none: StatusCounts = { pending: 0, valid: 0, expired: 0, revoked: 0, held: 0 };

const countsOf = ({ issued, expired, revoked, held }: Kept): Counts => ({
  pending: 0,
  valid: issued - expired,
  expired,
  revoked,
  held,
});

const statuses = Object.keys(none) as CertificateStatus[];

/** Adds up by key; what comes to nothing is left out. */
function tally<Key>(changes: Iterable<readonly [Key, StatusCounts]>): Map<Key, Counts> {
  const sums = new Map<Key, Counts>();
  for (const [key, change] of changes) {
    const sum = sums.get(key) ?? { ...none };
    for (const status of statuses) sum[status] += change[status];
    sums.set(key, sum);
  }
  for (const [key, sum] of sums) if (statuses.every((status) => sum[status] === 0)) sums.delete(key);
  return sums;
}

const weekSeconds = 604_800;
/** 1970-01-01 was a Thursday. */
const mondayOffset = 259_200;
const weekStart = (week: number): number => week * weekSeconds - mondayOffset;
const weekOf = (notAfter: number): number => Math.floor((notAfter + mondayOffset) / weekSeconds);

export function summary(statements: KeptStatements, now: number, environment?: string): InventorySummary {
  const counts = readCounts(statements, now);
  const isWanted = (cell: { readonly environment: string }): boolean =>
    environment === undefined || cell.environment === environment;
  const changes = changesOf(counts).filter(([cell]) => isWanted(cell));
  const weeks = [
    ...counts.weeks.filter(isWanted).map((row) => [weekStart(row.week), countsOf(row)] as const),
    ...correctionsOf(counts)
      .filter(([single]) => isWanted(single))
      .map(([single, change]) => [weekStart(weekOf(single.notAfter)), change] as const),
  ];
  const by = (keyOf: (cell: Cell) => string) => sorted(tally(changes.map(([cell, change]) => [keyOf(cell), change])));
  return {
    total: tally(changes.map(([, change]) => ['', change])).get('') ?? none,
    products: sorted(
      tally(changes.filter(([cell]) => cell.purpose === 'product').map(([cell, change]) => [cell.owner, change])),
    ),
    profiles: by(({ environment: where, profile }) => (where === '' ? profile : `${where}/${profile}`)),
    keyTypes: by(({ keyType }) => keyType),
    expiryWeeks: new Map([...tally(weeks)].sort(([a], [b]) => a - b)),
  };
}

const sorted = (counts: Map<string, Counts>): Map<string, Counts> =>
  new Map([...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

const cellFilters = ['environment', 'owner', 'profile', 'purpose'] as const;
const summedFilters: ReadonlySet<string> = new Set([...cellFilters, 'status']);

/** Whether the kept counts alone can tell how many match. */
export const isSummed = (filter: CertificateFilter): boolean =>
  Object.entries(filter).every(([name, value]) => value === undefined || summedFilters.has(name));

/** Of the cells whose columns are among the lists, in JSON, or whose list is null. */
const summedSql = `SELECT coalesce(sum(issued), 0) AS issued, coalesce(sum(expired), 0) AS expired,
  coalesce(sum(revoked), 0) AS revoked, coalesce(sum(held), 0) AS held FROM certificate_counts
  WHERE ${cellFilters.map((name) => `(:${name} IS NULL OR ${name} IN (SELECT value FROM json_each(:${name})))`).join(' AND ')}`;

export function summedCount(statements: KeptStatements, filter: CertificateFilter, now: number): number {
  const lists = Object.fromEntries(
    cellFilters.map((name) => [name, filter[name] === undefined ? null : JSON.stringify([filter[name]].flat())]),
  );
  const isAmong = (single: Single): boolean =>
    cellFilters.every((name) => filter[name] === undefined || [filter[name]].flat().includes(single[name]));
  const changes = statements.transaction(() => [
    countsOf(statements.prepare<[object], Kept>(summedSql).get(lists)!),
    ...correctionsOf(readSingles(statements, now)).flatMap(([single, change]) => (isAmong(single) ? [change] : [])),
  ])();
  const wanted = filter.status === undefined ? statuses : [filter.status].flat();
  return changes.reduce((sum, change) => wanted.reduce((total, status) => total + change[status], sum), 0);
}
