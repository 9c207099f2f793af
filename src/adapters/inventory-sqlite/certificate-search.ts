/** Runs certificate searches on a connection: pages, counts of what matches. */
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { CertificateFilter, CertificateQuery, MatchCount } from '../../ports/inventory-questions.ts';
import { type CertificateRow, recordOf } from './certificate-row.ts';
import type { Connection } from './connection.ts';
import { countStatement } from './count-statement.ts';
import { findLabels } from './find-labels.ts';
import { type Probe, probeStatement, type SearchStatement, searchStatements } from './search.ts';
import { type FoundLabels, type SimpleQuery, simpleQueries } from './search-filters.ts';
import { defaultSearchLimits } from './search-limits.ts';
import { comparison, type Found, placeAfter } from './search-order.ts';
import { isSummed, summedCount } from './summary.ts';

export interface CertificateSearch {
  search(query: CertificateQuery): CertificateRecord[];
  countMatches(filter: CertificateFilter, now: number): MatchCount;
}

/** `fold` must be a function of the connection. */
export function certificateSearch(connection: Connection, limits = defaultSearchLimits): CertificateSearch {
  const probe: Probe = (filter) => {
    const { sql, parameters } = probeStatement(filter, limits.collected);
    const count = connection
      .prepare<unknown[], number>(sql)
      .pluck()
      .get(...parameters);
    return count === undefined || count > limits.collected ? undefined : count;
  };
  const labelsOf = (query: SimpleQuery): FoundLabels => findLabels(connection, query, limits.labels);

  const find = (query: SimpleQuery): Found[] => {
    const context = { labels: labelsOf(query), place: placeAfter(connection, query), probe };
    const found: Found[] = [];
    for (const statement of searchStatements(query, context)) {
      found.push(...run(connection, statement, query.limit - found.length));
      if (found.length === query.limit) break;
    }
    return found;
  };

  return {
    search(query) {
      const simple = simpleQueries(query) ?? [];
      const found = simple.flatMap(find);
      if (simple.length > 1) found.sort(comparison(query.sort)).splice(query.limit);
      return found.map(({ record }) => record);
    },
    countMatches(filter, now) {
      if (isSummed(filter)) return { matches: summedCount(connection, filter, now), isExact: true };
      const simple = simpleQueries({ ...filter, sort: '-requestedAt', limit: 0, now }) ?? [];
      let budget = limits.counted;
      let matches = 0;
      for (const query of simple) {
        const { sql, parameters } = countStatement(query, { labels: labelsOf(query), probe });
        const counted = connection.prepare<unknown[], { looked: number; matches: number }>(sql);
        const { looked, matches: found } = counted.get(...parameters, budget + 1)!;
        matches += found;
        if (looked > budget) return { matches, isExact: false };
        budget -= looked;
      }
      return { matches, isExact: true };
    },
  };
}

function run(connection: Connection, { sql, parameters }: SearchStatement, limit: number): Found[] {
  const select = connection.prepare<unknown[], readonly unknown[]>(sql).raw();
  const rows = select.all(...parameters.slice(0, -1), limit) as (readonly [...CertificateRow, id: number])[];
  return rows.map((row) => ({ record: recordOf(row as unknown as CertificateRow), id: row.at(-1) as number }));
}
