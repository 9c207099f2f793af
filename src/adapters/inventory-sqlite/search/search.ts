/** Certificate searches as SQL: one index chosen to drive, the place in the order as a key. */
import { recordColumns } from '../rows/certificate-row.ts';
import { type Filter, type FoundLabels, filtersOf, type Parameters, type SimpleQuery } from './search-filters.ts';
import { isDescending, orderColumn, type Place } from './search-order.ts';

export interface SqlStatement {
  readonly sql: string;
  readonly parameters: Parameters;
}

export interface SearchStatement extends SqlStatement {
  /** Its rows are those of the page, in no order. */
  readonly unordered?: boolean;
}

/**
 * How many rows the index of a filter offers; undefined when they are too many to be collected, of which those are more that
 * the index alone tells all about.
 */
export type Probe = (filter: Filter, inIndex: boolean) => number | undefined;

/** What is known of the certificates that filters find. */
export interface Figures {
  readonly probe: Probe;
  /** Whether at least half of all certificates are what a filter asks for that is counted. */
  readonly isMost: (filter: Filter) => boolean;
}

export const mostStatement = ({ condition, column, parameters }: Filter): SqlStatement => ({
  sql: `SELECT 2 * total(issued + revoked + held) FILTER (WHERE ${condition(column)}) >= total(issued + revoked + held)
    FROM certificate_counts`,
  parameters,
});

export const probeStatement = ({ condition, column, parameters }: Filter, most: number): SqlStatement => ({
  sql: `SELECT count(*) FROM (SELECT 1 FROM certificates WHERE ${condition(column)} LIMIT ${most + 1})`,
  parameters,
});

/** Finding so few settles it. */
const few = 500;

/** What to run, one after the other until `limit` rows are found, which come in order. */
export function searchStatements(
  query: SimpleQuery,
  context: Figures & { readonly labels: FoundLabels; readonly place: Place | undefined },
): SearchStatement[] {
  const filters = filtersOf(query, context.labels);
  const driver = driverOf(filters, query, context);
  const select = { query, filters, driver, place: context.place };
  if (orderColumn(query.sort) === 'name') return driver ? [collectedByName(select)] : alongNames(select);
  return driver?.followed ? [followedLabels(select)] : alongOrder(select);
}

interface Driver extends Filter {
  /** It has so many rows that each of its labels is followed only as far as the page needs. */
  readonly followed?: boolean;
}

interface Select {
  readonly query: SimpleQuery;
  readonly filters: readonly Filter[];
  readonly driver: Driver | undefined;
  readonly place: Place | undefined;
}

/** The filter whose index finds the fewest, if they are few enough to collect, or come in the order asked for. */
export function driverOf(
  filters: readonly Filter[],
  { sort }: Pick<SimpleQuery, 'sort'>,
  { probe, isMost }: Figures,
): Driver | undefined {
  const byRequest = orderColumn(sort) === 'requested_at';
  const indexed = filters.filter(({ finds, column }) => finds && column !== orderColumn(sort));
  const inOrder = byRequest ? indexed.filter(({ finds }) => finds === 'inOrder') : [];
  // Nothing to choose from, and nothing to fear.
  if (indexed.length === 1 && inOrder.length === 1) return indexed[0];
  let best: Filter | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const filter of indexed) {
    const count = probe(filter, tellsAll(filter, filters));
    if (count !== undefined && count < fewest) [best, fewest] = [filter, count];
    if (fewest <= few) break;
  }
  const labelled = byRequest ? indexed.find(({ labels }) => labels !== undefined) : undefined;
  if (best) return best;
  if (labelled) return { ...labelled, followed: true };
  // What most certificates have leads only where nothing else does; the index by request has the expiry, too.
  const last = filters.some(({ column }) => column === 'not_after') ? undefined : inOrder[0];
  return inOrder.find((filter) => !(filter.isCounted && isMost(filter))) ?? last;
}

const tellsAll = (filter: Filter, filters: readonly Filter[]): boolean => {
  const { beside } = filter;
  return beside !== undefined && filters.every((other) => other === filter || beside.has(other.column));
};

/** The conditions, and their parameters in order. Bounds on what the order is by narrow its index, too. */
function conditionsOf({ query, filters, driver }: Select, place: readonly [string, Parameters] | undefined) {
  const order = orderColumn(query.sort);
  const usable = ({ column }: Filter): boolean =>
    column === driver?.column || (column === order && (order === 'requested_at' || !driver));
  const conditions = filters.map((filter) => filter.condition(usable(filter) ? filter.column : `+${filter.column}`));
  const all = place ? [...conditions, place[0]] : conditions;
  return {
    where: all.length > 0 ? `WHERE ${all.join(' AND ')}` : '',
    parameters: [...filters.flatMap(({ parameters }) => parameters), ...(place?.[1] ?? [])],
  };
}

const columns = `${recordColumns}, id`;

/**
 * After a place: what is left of its very time, which an index finds by the id, then what comes after that time; or what a
 * driver collects, sorted at once.
 */
function alongOrder(select: Select): SearchStatement[] {
  const { query, place } = select;
  const statement = (condition: readonly [string, Parameters] | undefined): SearchStatement => {
    const { where, parameters } = conditionsOf(select, condition);
    const order = timeOrder(select);
    const limited = [...parameters, query.limit];
    if (sorts(select)) return collected('certificates', where, order, limited);
    return { sql: `SELECT ${columns} FROM certificates ${where} ORDER BY ${order} LIMIT ?`, parameters: limited };
  };
  if (!place) return [statement(undefined)];
  const column = orderColumn(query.sort);
  const time = column === 'not_after' ? place.notAfter : place.requestedAt;
  if (sorts(select)) return [statement([`(+${column}, id) ${beyond(query)} (?, ?)`, [time, place.id]])];
  return [
    statement([`${column} = ? AND id ${beyond(query)} ?`, [time, place.id]]),
    statement([`${column} ${beyond(query)} ?`, [time]]),
  ];
}

/** Sorts what orders the rows alone: their other columns would take most of a sorter's time, as those of the page did. */
const collected = (from: string, where: string, order: string, parameters: Parameters): SearchStatement => ({
  sql: `SELECT ${columns} FROM certificates WHERE id IN (SELECT id FROM ${from} ${where} ORDER BY ${order} LIMIT ?)`,
  parameters,
  unordered: true,
});

/** Of each label the first of the page, then the first of those. */
function followedLabels(select: Select): SearchStatement {
  const { query, driver } = select;
  const filters = select.filters.filter((filter) => filter.labels !== driver!.labels);
  const { where, parameters } = conditionsOf({ ...select, filters }, requestPlace(select));
  const ofLabel = `SELECT id FROM certificates ${where === '' ? 'WHERE' : `${where} AND`} label = followed.value
    ORDER BY ${timeOrder({ query, driver: undefined })} LIMIT ?`;
  return {
    sql: `SELECT ${columns.replace(/, id$/, ', certificates.id')} FROM json_each(?) AS followed CROSS JOIN certificates
      ON certificates.id IN (${ofLabel}) ORDER BY requested_at ${direction(query)}, certificates.id ${direction(query)} LIMIT ?`,
    parameters: [driver!.labels!, ...parameters, query.limit, query.limit],
  };
}

const direction = ({ sort }: Pick<SimpleQuery, 'sort'>): 'ASC' | 'DESC' => (isDescending(sort) ? 'DESC' : 'ASC');

/** Rows that a driver collects are sorted: an index in the order asked for would pass by all others. */
const sorts = ({ query, driver }: Pick<Select, 'query' | 'driver'>): boolean =>
  driver !== undefined && !(driver.finds === 'inOrder' && orderColumn(query.sort) === 'requested_at');

const timeOrder = (select: Pick<Select, 'query' | 'driver'>): string =>
  `${sorts(select) ? '+' : ''}${orderColumn(select.query.sort)} ${direction(select.query)}, id ${direction(select.query)}`;

const beyond = (query: SimpleQuery): '<' | '>' => (isDescending(query.sort) ? '<' : '>');

const requestPlace = ({ query, place }: Select): readonly [string, Parameters] | undefined =>
  place && [`(requested_at, id) ${beyond(query)} (?, ?)`, [place.requestedAt, place.id]];

const nameOrder = (query: SimpleQuery): string =>
  ['first_name', 'name_list', 'subject_text', 'requested_at', 'id']
    .map((column) => `${column} ${direction(query)}`)
    .join(', ');

function collectedByName(select: Select): SearchStatement {
  const { query, place } = select;
  const { where, parameters } = conditionsOf(
    select,
    place && [
      `(first_name, name_list, subject_text, requested_at, id) ${beyond(query)} (?, ?, ?, ?, ?)`,
      [place.firstName, place.nameList, place.subjectText, place.requestedAt, place.id],
    ],
  );
  const named = 'certificates CROSS JOIN labels ON label_id = label';
  return collected(named, where, nameOrder(query), [...parameters, query.limit]);
}

/** What is left of the label in which the last page ended, then the labels after it. */
function alongNames(select: Select): SearchStatement[] {
  const { query, place } = select;
  const following = place && [
    `(first_name, name_list, subject_text) ${beyond(query)} (?, ?, ?)`,
    [place.firstName, place.nameList, place.subjectText],
  ];
  const statement = (from: string, order: string, condition: readonly [string, Parameters] | undefined) => {
    const { where, parameters } = conditionsOf(select, condition);
    return {
      sql: `SELECT ${columns} FROM ${from} ${where} ORDER BY ${order} LIMIT ?`,
      parameters: [...parameters, query.limit],
    };
  };
  const names = 'labels CROSS JOIN certificates ON label = label_id';
  const rest = statement(names, nameOrder(query), following as readonly [string, Parameters] | undefined);
  if (place?.label == null) return [rest];
  const byTime = `requested_at ${direction(query)}, id ${direction(query)}`;
  const sameLabel = [
    `label = ? AND (requested_at, id) ${beyond(query)} (?, ?)`,
    [place.label, place.requestedAt, place.id],
  ] as const;
  return [statement('certificates', byTime, sameLabel), rest];
}
