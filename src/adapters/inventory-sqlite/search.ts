/** Certificate searches as SQL: each filter literal, one index chosen to drive, the place in the order as a key. */
import type { CertificateStatus } from '../../domain/records/certificate.ts';
import type { CertificateQuery } from '../../ports/inventory.ts';
import { octets, recordColumns, redeemableMs, reversed, serialOctets } from './certificate-row.ts';

export interface SearchStatement {
  readonly sql: string;
  readonly parameters: readonly (string | number | Buffer | null)[];
}

/**
 * One condition. `column` is what an index is on; without leave to drive it is written `+column`, which SQLite cannot
 * look up in an index (https://sqlite.org/optoverview.html#uplus).
 */
interface Filter {
  readonly column: string;
  readonly condition: (column: string) => string;
  readonly parameters: SearchStatement['parameters'];
  /** `few`: the index finds few rows, so it drives whatever the order. `many`: it drives in the order of requests only. */
  readonly finds: 'few' | 'many' | 'rest';
}

/**
 * The most selective filters first: the first that may drive does, or else the index of the order. `nameIsCommon` says
 * that the name of the query has so many certificates that collecting them all is slower than passing by the others.
 */
export function searchStatement(query: CertificateQuery, nameIsCommon = false): SearchStatement {
  const byRequest = query.sort.endsWith('requestedAt');
  const filters = filtersOf(query, nameIsCommon);
  const driver =
    filters.find(({ finds }) => finds === 'few') ??
    (byRequest ? filters.find(({ finds }) => finds === 'many') : undefined);
  const order = orderOf(query);
  // Bounds on what the order is by narrow its index, too: the drivers' indexes have the time of request behind them.
  const usable = (filter: Filter): boolean =>
    filter === driver || (filter.column === order.column && (byRequest || !driver));
  const conditions = filters.map((filter) => filter.condition(usable(filter) ? filter.column : `+${filter.column}`));
  const all = [...conditions, ...order.conditions];
  return {
    sql: `SELECT ${recordColumns} FROM certificates ${all.length > 0 ? `WHERE ${all.join(' AND ')}` : ''}
      ORDER BY ${order.by} LIMIT ?`,
    parameters: [...filters.flatMap(({ parameters }) => parameters), ...order.parameters, query.limit],
  };
}

/** A row on which a page ended may have been archived since; its place stays where it was. */
const idOfSerial = `(SELECT id FROM (SELECT id, serial FROM certificates UNION ALL
  SELECT former_id, serial FROM archived_certificates) WHERE serial = ?)`;

/** The id breaks ties: it only grows, so rows that arrive among equals never come between those that are there. */
function orderOf({ sort, after }: CertificateQuery) {
  const descending = sort.startsWith('-');
  const column = sort.endsWith('notAfter') ? 'not_after' : 'requested_at';
  const direction = descending ? 'DESC' : 'ASC';
  const place = `(${column}, id) ${descending ? '<' : '>'} (?, ${idOfSerial})`;
  return {
    column,
    by: `${column} ${direction}, id ${direction}`,
    conditions: after ? [place] : [],
    parameters: after ? [after.sortValue, serialOctets(after.serial)] : [],
  };
}

function filtersOf(query: CertificateQuery, nameIsCommon: boolean): Filter[] {
  const filters: (Filter | undefined)[] = [
    query.name === undefined ? undefined : nameIsCommon ? commonNameFilter(query.name) : nameFilter(query.name),
    query.keySha256 === undefined ? undefined : equals('key_sha256', octets(query.keySha256), 'few'),
    ...(query.status ? statusFilters(query.status, query.now) : []),
    query.purpose && purposeFilter(query.purpose),
    query.requestedBy === undefined ? undefined : equals('requested_by', query.requestedBy, 'few'),
    query.owner === undefined ? undefined : equals('owner', query.owner, 'few'),
    query.profile === undefined ? undefined : equals('profile', query.profile, 'many'),
    query.authority === undefined ? undefined : equals('authority', query.authority, 'many'),
    query.environment === undefined ? undefined : equals('environment', query.environment, 'many'),
    ...(query.issuedAfter === undefined ? [] : issueFilters(query.issuedAfter * 1000)),
    query.notAfterBefore === undefined ? undefined : compare('not_after', '<', query.notAfterBefore, 'rest'),
    query.notAfterAfter === undefined ? undefined : compare('not_after', '>', query.notAfterAfter, 'rest'),
    query.text === undefined ? undefined : textFilter(query.text),
  ];
  return filters.filter((filter) => filter !== undefined);
}

const equals = (column: string, value: string | Buffer, finds: Filter['finds']): Filter => ({
  column,
  condition: (term) => `${term} = ?`,
  parameters: [value],
  finds,
});

const compare = (column: string, operator: '<' | '>' | '>=', value: number, finds: Filter['finds']): Filter => ({
  column,
  condition: (term) => `${term} ${operator} ?`,
  parameters: [value],
  finds,
});

/** A name is common from so many certificates on. */
const commonFrom = 5000;

/** Answers 1 if the name of a query is common, by counting no further than that. */
export function commonNameProbe(name: string): SearchStatement {
  const { range, parameters } = nameRange(name);
  const counted = `SELECT 1 FROM certificate_names WHERE ${range} LIMIT ${commonFrom}`;
  return { sql: `SELECT count(*) >= ${commonFrom} FROM (${counted})`, parameters };
}

/** `*.example.org` is the range of reversed names from `gro.elpmaxe.` up to, not including, `gro.elpmaxe/`. */
function nameRange(name: string) {
  if (!isSuffix(name)) return { range: 'reversed = ?', parameters: [reversed(name)] };
  const first = reversed(name.slice(1));
  return { range: 'reversed >= ? AND reversed < ?', parameters: [first, `${first.slice(0, -1)}/`] };
}

const isSuffix = (name: string): boolean => name.startsWith('*.');

function nameFilter(name: string): Filter {
  const { range, parameters } = nameRange(name);
  return {
    column: 'id',
    condition: (column) => `${column} IN (SELECT certificate FROM certificate_names WHERE ${range})`,
    parameters,
    finds: 'few',
  };
}

/** The same of a row's own names, one a line: a name ends where its line does, and a whole one begins where it does, too. */
function commonNameFilter(name: string): Filter {
  return {
    column: 'names',
    condition: (column) => `instr(char(10) || ${column} || char(10), ?) > 0`,
    parameters: [isSuffix(name) ? `${name.slice(1)}\n` : `\n${name}\n`],
    finds: 'rest',
  };
}

/** As `certificateStatus` derives it. */
function statusFilters(status: CertificateStatus, now: number): Filter[] {
  const state = (condition: string, finds: Filter['finds']): Filter => ({
    column: 'state',
    condition: (column) => `${column} ${condition}`,
    parameters: [],
    finds,
  });
  switch (status) {
    case 'pending':
      return [state(`= 'intent'`, 'few')];
    case 'valid':
      return [state(`= 'issued'`, 'rest'), compare('not_after', '>=', now, 'rest')];
    case 'expired':
      return [state(`= 'issued'`, 'rest'), compare('not_after', '<', now, 'rest')];
    case 'revoked':
      return [state(`= 'revoked' AND revocation_reason <> 'certificateHold'`, 'few')];
    case 'held':
      return [state(`= 'revoked' AND revocation_reason = 'certificateHold'`, 'few')];
  }
}

/** The time of issue has no index: an intent is redeemed within a day, which bounds the time of request, which has several. */
const issueFilters = (after: number): Filter[] => [
  compare('issued_at', '>', after, 'rest'),
  compare('requested_at', '>', after - redeemableMs, 'rest'),
];

/** All but the products' certificates are few; the second term is the partial index's own, as SQLite needs to see it. */
function purposeFilter(purpose: NonNullable<CertificateQuery['purpose']>): Filter {
  if (purpose === 'product') return equals('purpose', purpose, 'rest');
  return {
    column: 'purpose',
    condition: (column) => `${column} = ? AND purpose <> 'product'`,
    parameters: [purpose],
    finds: 'few',
  };
}

/** SQLite's lower() folds ASCII, which is all that text of ASCII can meet; `fold` is JavaScript's toLowerCase. */
function textFilter(text: string): Filter {
  const fold = /^[\0-\x7f]*$/.test(text) ? 'lower' : 'fold';
  const folded = text.toLowerCase();
  return {
    column: 'names',
    condition: (column) => `(instr(${fold}(${column}), ?) > 0 OR instr(${fold}(subject), ?) > 0)`,
    parameters: [folded, folded],
    finds: 'rest',
  };
}
