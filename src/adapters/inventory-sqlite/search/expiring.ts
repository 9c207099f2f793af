/** What expires by day and by product, from what the schema's triggers keep, made true for one moment as the summary is. */
import type { AskedExpiring, ExpiringCount, ExpiringCounts } from '../../../ports/inventory-questions.ts';
import type { KeptStatements } from './kept-statements.ts';
import { everyWindowEndSql, unfollowedSql } from './search-filters.ts';
import { type Single, summarySql } from './summary.ts';

const horizon = 'day >= :from AND day < :until AND (:environment IS NULL OR environment = :environment)';

/** KeptStatements whose plans are tested. Of all products the table is read whole, in its order: looking each up takes longer. */
export const expiringSql = {
  days: `SELECT day AS key, sum(issued - expired) AS certificates, sum(unfollowed) AS withoutSuccessor
    FROM expiry_counts WHERE purpose = 'product' AND ${horizon} GROUP BY day`,
  daysOfProduct: `SELECT day AS key, certificates, unfollowed AS withoutSuccessor
    FROM product_expiries WHERE owner = :product AND ${horizon}`,
  products: `SELECT owner AS key, sum(certificates) AS certificates, sum(unfollowed) AS withoutSuccessor
    FROM product_expiries WHERE ${horizon} GROUP BY owner`,
  product: `SELECT owner AS key, sum(certificates) AS certificates, sum(unfollowed) AS withoutSuccessor
    FROM product_expiries WHERE owner = :product AND ${horizon} GROUP BY owner`,
  overdue: `SELECT owner, not_after / 86400 AS day, count(*) AS overdue FROM certificates
    WHERE ${everyWindowEndSql} <= :now AND ${unfollowedSql} AND +not_after >= :now AND +not_after < :until * 86400
      AND (:environment IS NULL OR +environment = :environment) AND (:product IS NULL OR +owner = :product)
    GROUP BY 1, 2`,
} as const;

interface Kept<Key> {
  readonly key: Key;
  readonly certificates: number;
  readonly withoutSuccessor: number;
}

interface Overdue {
  readonly owner: string;
  readonly day: number;
  readonly overdue: number;
}

const daySeconds = 86_400;
const dayOf = (seconds: number): number => Math.floor(seconds / daySeconds);

/** All of one moment. */
export function expiringCounts(statements: KeptStatements, asked: AskedExpiring): ExpiringCounts {
  const { now, environment = null, product = null } = asked;
  const bounds = { now, from: dayOf(now), until: dayOf(asked.until), environment, product };
  const all = <Row>(sql: string): Row[] => {
    const named = [...new Set(sql.match(/:[a-z]+/g))].map((name) => name.slice(1) as keyof typeof bounds);
    return statements.prepare<[object], Row>(sql).all(Object.fromEntries(named.map((name) => [name, bounds[name]])));
  };
  const isAsked = (single: Single): boolean =>
    single.purpose === 'product' &&
    dayOf(single.notAfter) >= bounds.from &&
    dayOf(single.notAfter) < bounds.until &&
    (environment === null || single.environment === environment) &&
    (product === null || single.owner === product);
  return statements.transaction(() => {
    const days = tally(all<Kept<number>>(product === null ? expiringSql.days : expiringSql.daysOfProduct));
    const products = tally(all<Kept<string>>(product === null ? expiringSql.products : expiringSql.product));
    const add = (owner: string, day: number, change: Partial<ExpiringCount>): void => {
      days.add(day, change);
      products.add(owner, change);
    };
    for (const [sql, sign] of [[summarySql.uncounted, -1] as const, [summarySql.overcounted, 1] as const]) {
      for (const single of all<Single>(sql).filter(isAsked)) {
        add(single.owner, dayOf(single.notAfter), { certificates: sign, withoutSuccessor: sign * single.isUnfollowed });
      }
    }
    for (const { owner, day, overdue } of all<Overdue>(expiringSql.overdue)) add(owner, day, { overdue });
    return { days: days.found((day) => day * daySeconds), products: products.found((owner) => owner) };
  })();
}

/** Adds up by key; what comes to no certificates is left out. */
function tally<Key>(kept: readonly Kept<Key>[]) {
  const sums = new Map(
    kept.map(({ key, certificates, withoutSuccessor }) => [key, { certificates, withoutSuccessor, overdue: 0 }]),
  );
  return {
    add(key: Key, { certificates = 0, withoutSuccessor = 0, overdue = 0 }: Partial<ExpiringCount>): void {
      const sum = sums.get(key) ?? { certificates: 0, withoutSuccessor: 0, overdue: 0 };
      sum.certificates += certificates;
      sum.withoutSuccessor += withoutSuccessor;
      sum.overdue += overdue;
      sums.set(key, sum);
    },
    /** In the order of their keys. */
    found<Name>(nameOf: (key: Key) => Name): ReadonlyMap<Name, ExpiringCount> {
      const some = [...sums].filter(([, { certificates }]) => certificates > 0);
      some.sort(([a], [b]) => (a < b ? -1 : 1));
      return new Map(some.map(([key, sum]) => [nameOf(key), sum]));
    },
  };
}
