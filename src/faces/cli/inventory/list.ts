/** `privyseal list`: the inventory as a table that fits the terminal. */
import type { CertificateSummary } from '../../../api/certificate.ts';
import type { CertificateList, CertificateListQuery } from '../../../api/certificate-list.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { paintFor, statusColour } from '../terminal/paint.ts';
import { type Column, fitNotes, layoutTable, type Table } from '../terminal/table.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';
import { writeText } from '../terminal/write-stream.ts';
import { type FilterOptions, filterQuery } from './filter-options.ts';

export interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly count?: boolean;
  readonly wide?: boolean;
  readonly csv?: boolean;
}

export async function list(session: Session, options: ListOptions): Promise<Ending> {
  const { limit, count, wide, csv, ...filters } = options;
  const client = await session.adminClient();
  const query = { ...filterQuery(filters, session.now()), limit: Math.min(limit, largestPage) };
  if (csv) {
    if (session.json) throw new CliError('usage', '--csv and --json are two forms of the same: choose one.');
    if (limit > largestPage) throw tooManyForCsv(limit);
    const lines = await writeText(session.io.stdout, await client.exportCertificates(query, 'text/csv'));
    // With the line that names the columns.
    if (lines > limit) session.note([`The first ${limit}; --limit shows more, \`privyseal export\` everything.`]);
    return 'ok';
  }
  const found = await collect(client, { ...query, ...(count && { count: 'true' as const }) }, limit);
  if (session.json) session.printJson(found);
  else describe(session, found, wide ?? false);
  return 'ok';
}

const largestPage = 1000;

const tooManyForCsv = (limit: number): CliError =>
  new CliError(
    'usage',
    `--limit is ${limit}, but --csv shows ${largestPage} at most. \`privyseal export --format csv\` writes everything.`,
  );

interface Found {
  readonly items: readonly CertificateSummary[];
  readonly hasMore: boolean;
  readonly count?: NonNullable<CertificateList['count']>;
}

async function collect(client: PrivysealClient, query: CertificateListQuery, limit: number): Promise<Found> {
  const items: CertificateSummary[] = [];
  let count: Found['count'];
  for await (const page of client.list(query)) {
    count ??= page.count;
    items.push(...page.items);
    if (items.length < limit) continue;
    const hasMore = items.length > limit || page.nextCursor !== null;
    return { items: items.slice(0, limit), hasMore, ...(count && { count }) };
  }
  return { items, hasMore: false, ...(count && { count }) };
}

const narrow: readonly Column[] = [
  { title: 'SERIAL', cut: 'middle' },
  { title: 'NAME' },
  { title: 'PRODUCT' },
  { title: 'PROFILE' },
  { title: 'STATUS' },
  { title: 'EXPIRES' },
];

const wider = ['NOT AFTER', 'NAMES', 'AUTHORITY', 'KEY TYPE', 'REQUESTED BY', 'ISSUED', 'SUCCESSOR'];

/** The table alone is on stdout; what is to be said about it goes to stderr. */
function describe(session: Session, { items, hasMore, count }: Found, wide: boolean): void {
  if (items.length === 0) {
    session.note(['No certificates match.']);
    return;
  }
  const table = wide ? wideTable(session, items) : fittingTable(session, items);
  session.print(table.lines);
  session.note([
    ...(count ? [countInWords(count)] : []),
    ...(hasMore ? [`The first ${items.length} are shown; --limit shows more.`] : []),
    ...fitNotes(table),
  ]);
}

const countInWords = ({ matches, isExact }: NonNullable<Found['count']>): string =>
  `${isExact ? '' : 'At least '}${matches} ${matches === 1 ? 'certificate matches' : 'certificates match'}.`;

function fittingTable(session: Session, items: readonly CertificateSummary[]): Table {
  const cells = items.map((item) => cellsOf(item, session.now()));
  return layoutTable(narrow, cells, {
    width: session.width,
    // A serial is whole or of little use: names give way first, as far as they stay telling.
    givesWay: [
      ['NAME', 32],
      ['SERIAL', 13],
      ['NAME', 16],
      ['PRODUCT', 10],
      ['PROFILE', 8],
      ['NAME', 12],
    ],
    leavesOut: ['PROFILE', 'PRODUCT'],
    finish: colours(session),
  });
}

function wideTable(session: Session, items: readonly CertificateSummary[]): Table {
  const columns = [...narrow, ...wider.map((title) => ({ title }))];
  const cells = items.map((item) => [...cellsOf(item, session.now()), ...widerCells(item)]);
  return layoutTable(columns, cells, { width: undefined, givesWay: [], leavesOut: [], finish: colours(session) });
}

const widerCells = (item: CertificateSummary): string[] => [
  timeToTheSecond(item.notAfter),
  printable(item.names.join(' ') || '-', 3000),
  printable(item.authority),
  printable(item.key.type),
  printable(item.requestedBy, 300),
  item.issuedAt === null ? '-' : timeToTheSecond(item.issuedAt),
  item.successor ?? '-',
];

function colours(session: Session) {
  const paint = paintFor(session.io);
  return ({ title }: Column, padded: string, cell: string): string =>
    title === 'STATUS' ? paint(statusColour(cell), padded) : padded;
}

function cellsOf(item: CertificateSummary, now: number): string[] {
  const more = item.names.length > 1 ? ` +${item.names.length - 1}` : '';
  const expires = item.status === 'revoked' ? '-' : timeInWords(item.notAfter, now);
  const cells = [
    item.serial,
    `${item.names[0] ?? item.subject}${more}`,
    item.product ?? '-',
    item.profile.name,
    item.status,
  ];
  return [...cells.map((cell) => printable(cell, 300)), expires];
}
