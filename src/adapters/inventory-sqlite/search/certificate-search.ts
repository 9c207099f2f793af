/** Runs certificate searches on a connection: pages, counts of what matches. */
import type { CertificateRecord } from '../../../domain/records/certificate.ts';
import type {
  CertificateFilter,
  CertificateQuery,
  CertificateSort,
  MatchCount,
} from '../../../ports/inventory-questions.ts';
import { type CertificateRow, recordOf, serialOctets } from '../rows/certificate-row.ts';
import { countStatement } from './count-statement.ts';
import { findLabels } from './find-labels.ts';
import type { KeptStatements } from './kept-statements.ts';
import { labelSample } from './label-sample.ts';
import {
  type Figures,
  mostStatement,
  type Probe,
  probeStatement,
  type SearchStatement,
  searchStatements,
} from './search.ts';
import { type FoundLabels, type SimpleQuery, simpleQueries } from './search-filters.ts';
import { defaultSearchLimits } from './search-limits.ts';
import { type Found, ordered, placeAfter } from './search-order.ts';
import { isSummed, summedCount } from './summary.ts';

export interface CertificateSearch {
  search(query: CertificateQuery): CertificateRecord[];
  /** The same one by one, so that no more than one is in memory where that can be. */
  visit(query: CertificateQuery): Iterable<CertificateRecord>;
  countMatches(filter: CertificateFilter, now: number): MatchCount;
}

/** `fold` must be a function of their connection. */
export function certificateSearch(statements: KeptStatements, limits = defaultSearchLimits): CertificateSearch {
  const probe: Probe = (filter, inIndex) => {
    const ofRows = filter.isRange ? limits.collectedInRange : limits.collected;
    const most = inIndex ? limits.collectedInIndex : ofRows;
    const { sql, parameters } = probeStatement(filter, most);
    const count = statements
      .prepare<unknown[], number>(sql)
      .pluck()
      .get(...parameters);
    return count === undefined || count > most ? undefined : count;
  };
  const isMost: Figures['isMost'] = (filter) => {
    const { sql, parameters } = mostStatement(filter);
    return (
      statements
        .prepare<unknown[], number>(sql)
        .pluck()
        .get(...parameters) === 1
    );
  };
  const sought = { most: limits.labels, commonness: labelSample(statements) };
  const labelsOf = (query: SimpleQuery): FoundLabels => findLabels(statements, query, sought);
  const simplified = simplifiedBy(statements);

  function* find(query: SimpleQuery): Generator<Found> {
    const context = { labels: labelsOf(query), place: placeAfter(statements, query), probe, isMost };
    let left = query.limit;
    for (const statement of searchStatements(query, context)) {
      for (const found of inOrder(statement, run(statements, statement, left), query.sort)) {
        left -= 1;
        yield found;
      }
      if (left === 0) return;
    }
  }

  function* visit(query: CertificateQuery): Generator<CertificateRecord> {
    const simple = simplified(query);
    if (simple.length === 1) {
      for (const { record } of find(simple[0]!)) yield record;
      return;
    }
    const found = simple.flatMap((one) => [...find(one)]);
    for (const { record } of ordered(found, query.sort).slice(0, query.limit)) yield record;
  }

  return {
    visit,
    search: (query) => [...visit(query)],
    countMatches(filter, now) {
      if (isSummed(filter)) return { matches: summedCount(statements, filter, now), isExact: true };
      const simple = simplified({ ...filter, sort: '-requestedAt', limit: 0, now });
      let budget = limits.counted;
      let matches = 0;
      for (const query of simple) {
        const { sql, parameters } = countStatement(query, { labels: labelsOf(query), probe, isMost });
        const counted = statements.prepare<unknown[], { looked: number; matches: number }>(sql);
        const { looked, matches: found } = counted.get(...parameters, budget + 1)!;
        matches += found;
        if (looked > budget) return { matches, isExact: false };
        budget -= looked;
      }
      return { matches, isExact: true };
    },
  };
}

/** What one key signed is found together, whichever of its certificates it was signed under: one may have been renewed. */
function simplifiedBy(statements: KeptStatements): (query: CertificateQuery) => readonly SimpleQuery[] {
  const ofSameKey = statements
    .prepare<[Buffer], string>(
      `SELECT lower(hex(every.serial)) FROM authority_certificates AS one JOIN authority_certificates AS every
         ON every.generation = one.generation AND every.kind = 'own' WHERE one.serial = ? AND one.kind = 'own'`,
    )
    .pluck();
  return (query) => {
    const simple = simpleQueries(query);
    const serials = query.issuerSerial === undefined ? [] : ofSameKey.all(serialOctets(query.issuerSerial));
    if (serials.length < 2) return simple;
    return serials.flatMap((issuerSerial) => simple.map((one) => ({ ...one, issuerSerial })));
  };
}

/** In order. Rows come one by one, unless the statement leaves them to be ordered here. */
const inOrder = (statement: SearchStatement, rows: Iterable<Found>, sort: CertificateSort): Iterable<Found> =>
  statement.unordered ? ordered(rows, sort) : rows;

function* run(statements: KeptStatements, { sql, parameters }: SearchStatement, limit: number): Generator<Found> {
  const select = statements.prepare<unknown[], readonly unknown[]>(sql).raw();
  const rows = select.iterate(...parameters.slice(0, -1), limit) as Iterable<readonly [...CertificateRow, id: number]>;
  for (const row of rows) yield { record: recordOf(row as unknown as CertificateRow), id: row.at(-1) as number };
}
