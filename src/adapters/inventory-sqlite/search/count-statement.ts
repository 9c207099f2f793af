/** Counting matches as SQL: looks at no more rows than it is told, by the index that offers the fewest. */
import { driverOf, type Figures, type SqlStatement } from './search.ts';
import { type FoundLabels, filtersOf, type SimpleQuery } from './search-filters.ts';

/** One parameter, the most rows to look at, is missing at the end. */
export function countStatement(
  query: SimpleQuery,
  { labels, ...figures }: Figures & { readonly labels: FoundLabels },
): SqlStatement {
  const filters = filtersOf(query, labels);
  // The order by name has no index that a filter could be on: any may drive.
  const drives = driverOf(filters, { sort: 'name' }, figures) ?? filters.find(({ finds }) => finds);
  const others = filters.filter((filter) => filter !== drives);
  const matched = others.map(({ condition, column }) => `coalesce((${condition(`+${column}`)}), 0)`);
  const where = drives ? `WHERE ${drives.condition(drives.column)}` : '';
  return {
    sql: `SELECT count(*) AS looked, coalesce(sum(matched), 0) AS matches FROM
      (SELECT ${matched.join(' AND ') || '1'} AS matched FROM certificates ${where} LIMIT ?)`,
    parameters: [...others, ...(drives ? [drives] : [])].flatMap(({ parameters }) => parameters),
  };
}
