/** `privyseal list`: the inventory as a table that fits the terminal. */
import type { CertificateListQuery, CertificateSummary } from '../../api/certificate.ts';
import type { PrivysealClient } from '../../client/client.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { Ending } from './exit-codes.ts';
import { paintFor, statusColour } from './paint.ts';
import type { Session } from './session.ts';
import { type Column, layoutTable, type Table } from './table.ts';
import { timeInWords } from './words.ts';

export interface ListOptions {
  readonly environment?: string;
  readonly product?: string;
  readonly profile?: string;
  readonly status?: NonNullable<CertificateListQuery['status']>;
  readonly name?: string;
  /** Seconds. */
  readonly expiresWithin?: number;
  readonly limit: number;
}

export async function list(session: Session, options: ListOptions): Promise<Ending> {
  const client = await session.adminClient();
  const { items, hasMore } = await collect(client, queryOf(options, session.now()), options.limit);
  if (session.json) session.printJson({ items, hasMore });
  else describe(session, items, hasMore);
  return 'ok';
}

const largestPage = 1000;

function queryOf({ expiresWithin, limit, ...filters }: ListOptions, now: number): CertificateListQuery {
  if (expiresWithin === undefined) return { ...filters, limit: Math.min(limit, largestPage) };
  const window = { 'notAfter.after': timeText(now), 'notAfter.before': timeText(now + expiresWithin * 1000) };
  return { ...filters, ...window, sort: 'notAfter', limit: Math.min(limit, largestPage) };
}

const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

async function collect(client: PrivysealClient, query: CertificateListQuery, limit: number) {
  const items: CertificateSummary[] = [];
  for await (const page of client.list(query)) {
    items.push(...page.items);
    if (items.length >= limit)
      return { items: items.slice(0, limit), hasMore: items.length > limit || page.nextCursor !== null };
  }
  return { items, hasMore: false };
}

const columns: readonly Column[] = [
  { title: 'SERIAL', cut: 'middle' },
  { title: 'NAME' },
  { title: 'PRODUCT' },
  { title: 'PROFILE' },
  { title: 'STATUS' },
  { title: 'EXPIRES' },
];

/** The table alone is on stdout; what is to be said about it goes to stderr. */
function describe(session: Session, items: readonly CertificateSummary[], hasMore: boolean): void {
  if (items.length === 0) {
    session.note(['No certificates match.']);
    return;
  }
  const paint = paintFor(session.io);
  const cells = items.map((item) => cellsOf(item, session.now()));
  const table = layoutTable(columns, cells, {
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
    finish: ({ title }, padded, cell) => (title === 'STATUS' ? paint(statusColour(cell), padded) : padded),
  });
  session.print(table.lines);
  session.note(notes(table, items.length, hasMore));
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

function notes({ shortened, leftOut }: Table, count: number, hasMore: boolean): string[] {
  const namesOf = (titles: readonly string[]): string => titles.join(', ').toLowerCase();
  const missing = [
    ...(shortened.length > 0 ? [`shortened: ${namesOf(shortened)}`] : []),
    ...(leftOut.length > 0 ? [`left out: ${namesOf(leftOut)}`] : []),
  ];
  return [
    ...(hasMore ? [`The first ${count} are shown; --limit shows more.`] : []),
    ...(missing.length > 0 ? [`To fit, ${missing.join('; ')}. Whole with \`| cat\` or --json.`] : []),
  ];
}
