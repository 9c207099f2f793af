/** The filters of a search as SQL, each literal, and which index can find what it asks for. */
import type { CertificateStatus } from '../../../domain/records/certificate.ts';
import { type CertificateQuery, mostCombinations, type OneOrMore } from '../../../ports/inventory-questions.ts';
import { octets, redeemableMs, reversed, serialOctets } from '../rows/certificate-row.ts';
import { foldedForAscii, foldText } from './fold-text.ts';

export type Parameters = readonly (string | number | Buffer | null)[];

/**
 * One condition. `column` is what an index is on; without leave to drive it is written `+column`, which SQLite cannot
 * look up in an index (https://sqlite.org/optoverview.html#uplus).
 */
export interface Filter {
  readonly column: string;
  readonly condition: (column: string) => string;
  readonly parameters: Parameters;
  /** What its index offers: rows in the order of requests, or in none; absent: it has no index. */
  readonly finds?: 'inOrder' | 'unordered';
  /** Columns that its index has besides: filters on these are judged without a look at the row. */
  readonly beside?: ReadonlySet<string>;
  /** The rows it finds lie side by side. */
  readonly isRange?: boolean;
  /** What it asks of certificates is what `certificate_counts` counts them by, too. */
  readonly isCounted?: boolean;
  /** The labels it is about, for a search that follows each of them. */
  readonly labels?: string;
}

type Single<T> = {
  [Key in keyof T]: T[Key] extends OneOrMore<infer Value extends string> | undefined ? Value : T[Key];
};

/** A query whose filters have one value each. */
export type SimpleQuery = Single<CertificateQuery>;

/** The labels that a name and a text are found in; `tooMany` when following them is slower than passing by the others. */
export interface FoundLabels {
  readonly ofName?: readonly number[] | 'tooMany';
  readonly ofText?: readonly number[] | 'tooMany';
}

/** Several values are as many queries, whose answers share no row. RangeError for more combinations than the port allows. */
export function simpleQueries(query: CertificateQuery): SimpleQuery[] {
  let simple: Record<string, unknown>[] = [{ ...query }];
  for (const [key, value] of Object.entries(query)) {
    if (!Array.isArray(value)) continue;
    simple = simple.flatMap((one) => [...new Set(value)].map((each) => ({ ...one, [key]: each })));
    if (simple.length > mostCombinations)
      throw new RangeError(`a search of more than ${mostCombinations} combinations`);
  }
  return simple as unknown as SimpleQuery[];
}

/** The most selective first. */
export function filtersOf(query: SimpleQuery, labels: FoundLabels): Filter[] {
  const filters: (Filter | undefined)[] = [
    query.serial === undefined ? undefined : equals('serial', serialOctets(query.serial), 'unordered'),
    query.keySha256 === undefined ? undefined : equals('key_sha256', octets(query.keySha256), 'unordered'),
    query.name === undefined ? undefined : labelFilter(labels.ofName, () => passedNameFilter(query.name!)),
    query.text === undefined ? undefined : labelFilter(labels.ofText, () => passedTextFilter(query.text!)),
    ...statusFilters(query),
    query.isRevocable && revocableFilter,
    query.purpose && purposeFilter(query.purpose),
    query.requestedBy === undefined ? undefined : equals('requested_by', query.requestedBy, 'inOrder'),
    query.owner === undefined || query.status === 'revoked'
      ? undefined
      : { ...equals('owner', query.owner, 'inOrder'), beside: besideOwner },
    query.profile === undefined ? undefined : counted('profile', query.profile),
    query.issuerSerial === undefined ? undefined : equals('issuer_serial', serialOctets(query.issuerSerial), 'inOrder'),
    query.authority === undefined ? undefined : equals('authority', query.authority, 'inOrder'),
    query.deployment === undefined ? undefined : equals('deployment', query.deployment, 'inOrder'),
    query.environment === undefined ? undefined : counted('environment', query.environment),
    ...expiryFilters(query),
    ...issueFilters(query),
    query.rotation && overdueFilter(query.now),
  ];
  return filters.filter((filter) => filter !== undefined);
}

/** Of `certificates_by_owner`. */
const besideOwner: ReadonlySet<string> = new Set(['requested_at', 'not_after', 'purpose', 'state', 'label']);

const equals = (column: string, value: string | Buffer, finds: NonNullable<Filter['finds']>): Filter => ({
  column,
  condition: (term) => `${term} = ?`,
  parameters: [value],
  finds,
});

const counted = (column: string, value: string): Filter => ({ ...equals(column, value, 'inOrder'), isCounted: true });

/** Several bounds of one column; undefined without any. */
function bounds(column: string, comparisons: readonly (readonly [string, number])[]): Filter | undefined {
  if (comparisons.length === 0) return undefined;
  return {
    column,
    condition: (term) => comparisons.map(([operator]) => `${term} ${operator} ?`).join(' AND '),
    parameters: comparisons.map(([, value]) => value),
  };
}

/** `valid` and `expired` are bounds, too: what has expired is derived, as `certificateStatus` does it. */
function expiryFilter(query: SimpleQuery): Filter | undefined {
  const { notAfterBefore, notAfterAfter, status, rotation, isRevocable, now } = query;
  const isUnexpired = status === 'valid' || rotation === 'overdue' || isRevocable;
  const lower = Math.max(notAfterAfter ?? -1, isUnexpired ? now - 1 : -1);
  const upper = Math.min(
    notAfterBefore ?? Number.MAX_SAFE_INTEGER,
    status === 'expired' ? now : Number.MAX_SAFE_INTEGER,
  );
  const filter = bounds('not_after', [
    ...(lower >= 0 ? [['>', lower] as const] : []),
    ...(upper < Number.MAX_SAFE_INTEGER ? [['<', upper] as const] : []),
  ]);
  return filter && { ...filter, finds: 'unordered' };
}

/** What expires without a successor has an index of its own, `certificates_without_successor`, to which both terms together lead. */
function expiryFilters(query: SimpleQuery): (Filter | undefined)[] {
  const expiry = expiryFilter(query);
  const successor = query.successor && successorFilter(query.successor);
  if (!expiry || !successor || query.successor !== 'none') return [expiry, successor];
  const condition: Filter['condition'] = (column) =>
    `${expiry.condition(column)} AND ${successor.condition(column.replace('not_after', 'successor'))}`;
  return [{ ...expiry, condition, beside: besideExpiry }];
}

const successorFilter = (successor: NonNullable<SimpleQuery['successor']>): Filter => ({
  column: 'successor',
  condition: (column) => `${column} IS ${successor === 'none' ? 'NULL' : 'NOT NULL'}`,
  parameters: [],
  ...(successor === 'some' && { finds: 'inOrder' }),
});

/** Of `certificates_without_successor`. */
const besideExpiry: ReadonlySet<string> = new Set(['requested_at']);

/** `everyWindowEnd` of renewal-window.ts, as the index on it has it. */
export const everyWindowEndSql = '(not_before + (not_after - not_before) * 5 / 6)';

/** The terms after the first are the partial index's own, as SQLite needs to see them; `expiryFilter` leaves out what has expired. */
const overdueFilter = (now: number): Filter => ({
  column: everyWindowEndSql,
  condition: (column) => `${column} <= ? AND ${unfollowedSql}`,
  parameters: [now],
  finds: 'unordered',
});

/** The terms of the index `certificates_to_rotate`. */
export const unfollowedSql = "successor IS NULL AND state = 'issued' AND purpose = 'product'";

/** The time of issue has no index: an intent is redeemed within a day, which bounds the time of request, which has several. */
function issueFilters({ issuedAfter, issuedBefore }: SimpleQuery): Filter[] {
  const after = issuedAfter === undefined ? [] : [['>', issuedAfter * 1000] as const];
  const before = issuedBefore === undefined ? [] : [['<', issuedBefore * 1000] as const];
  const requests = [...after.map(([, value]) => ['>', value - redeemableMs] as const), ...before];
  const requested = bounds('requested_at', requests);
  return [
    bounds('issued_at', [...after, ...before]),
    requested && { ...requested, finds: 'unordered' as const, isRange: true },
  ].filter((filter) => filter !== undefined);
}

const statusFilters = ({ status, owner }: SimpleQuery): Filter[] => {
  if (status === undefined) return [];
  return [status === 'revoked' && owner !== undefined ? revokedOf(owner) : statusFilter(status)];
};

/** Of an owner they have an index of their own, `certificates_revoked_of_owner`, which both terms together lead to. */
const revokedOf = (owner: string): Filter => ({
  column: 'owner',
  condition: (column) =>
    `${column} = ? AND ${column.replace('owner', 'state')} = 'revoked' AND revocation_reason <> 'certificateHold'`,
  parameters: [owner],
  finds: 'inOrder',
});

/** With the bounds of `expiryFilter`. One search: as two statuses it would be two, and twice the combinations. */
const revocableFilter: Filter = {
  column: 'state',
  condition: (column) => `(${column} = 'issued' OR +revocation_reason = 'certificateHold')`,
  parameters: [],
};

/** With the bounds of `expiryFilter` as `certificateStatus` derives it. Only the few have an index. */
function statusFilter(status: CertificateStatus): Filter {
  const state = (condition: string): Filter => ({
    column: 'state',
    condition: (column) => `${column} ${condition}`,
    parameters: [],
  });
  switch (status) {
    case 'pending':
      return { ...state(`= 'intent'`), finds: 'inOrder' };
    case 'valid':
    case 'expired':
      return state(`= 'issued'`);
    case 'revoked':
      return { ...state(`= 'revoked' AND revocation_reason <> 'certificateHold'`), finds: 'inOrder' };
    case 'held':
      return {
        column: 'revocation_reason',
        condition: (column) => `${column} = 'certificateHold' AND +state = 'revoked'`,
        parameters: [],
        finds: 'inOrder',
      };
  }
}

/** All but the products' certificates are few; the second term is the partial index's own, as SQLite needs to see it. */
function purposeFilter(purpose: NonNullable<SimpleQuery['purpose']>): Filter {
  if (purpose === 'product')
    return { column: 'purpose', condition: (column) => `${column} = ?`, parameters: [purpose] };
  return {
    column: 'purpose',
    condition: (column) => `${column} = ? AND purpose <> 'product'`,
    parameters: [purpose],
    finds: 'inOrder',
  };
}

function labelFilter(found: FoundLabels['ofName'], passed: () => Filter): Filter {
  if (found === undefined || found === 'tooMany') return passed();
  const labels = JSON.stringify(found);
  return {
    column: 'label',
    condition: (column) => `${column} IN (SELECT value FROM json_each(?))`,
    parameters: [labels],
    finds: 'unordered',
    labels,
  };
}

/** `*.example.org` is the range of reversed names from `gro.elpmaxe.` up to, not including, `gro.elpmaxe/`. */
export function nameRange(name: string): { readonly range: string; readonly parameters: readonly string[] } {
  if (!isSuffix(name)) return { range: 'reversed = ?', parameters: [reversed(name)] };
  const first = reversed(name.slice(1));
  return { range: 'reversed >= ? AND reversed < ?', parameters: [first, `${first.slice(0, -1)}/`] };
}

const isSuffix = (name: string): boolean => name.startsWith('*.');

/** The same of a row's own names, one a line: a name ends where its line does, and a whole one begins where it does, too. */
function passedNameFilter(name: string): Filter {
  return {
    column: 'names',
    condition: (column) => `instr(char(10) || ${column} || char(10), ?) > 0`,
    parameters: [isSuffix(name) ? `${name.slice(1)}\n` : `\n${name}\n`],
  };
}

function passedTextFilter(text: string): Filter {
  const { condition, parameters } = textCondition(text, 'names', 'subject');
  return { column: 'names', condition: () => condition, parameters };
}

/** `fold` is foldText, which SQLite has to call for each row. */
export function textCondition(text: string, names: string, subject: string) {
  const isAscii = /^[\0-\x7f]*$/.test(text);
  const folded = foldText(text);
  // Names are ASCII.
  const sides = isAscii ? [`lower(${names})`, foldedForAscii(subject)] : [`fold(${names})`, `fold(${subject})`];
  return {
    condition: `(${sides.map((side) => `instr(${side}, ?) > 0`).join(' OR ')})`,
    parameters: [folded, folded],
  };
}
