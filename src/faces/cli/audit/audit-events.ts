/** `privyseal audit events`: what happened, as the admin face tells it. */
import type { AuditEventJson, AuditEventListQuery } from '../../../api/audit.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { paintFor } from '../terminal/paint.ts';
import { type Column, layoutTable } from '../terminal/table.ts';
import { timeToTheSecond } from '../terminal/words.ts';

export interface AuditEventsOptions extends Pick<AuditEventListQuery, 'actor' | 'object' | 'kind' | 'code'> {
  /** RFC 3339. */
  readonly after?: string;
  readonly before?: string;
  readonly afterSeq?: number;
  readonly oldestFirst?: boolean;
  readonly limit: number;
}

export async function auditEvents(session: Session, options: AuditEventsOptions): Promise<Ending> {
  const { items, hasMore } = await collect(await session.adminClient(), options);
  if (session.json) session.printJson({ items, hasMore });
  else describe(session, items, hasMore);
  return 'ok';
}

const largestPage = 1000;

function queryOf({ after, before, afterSeq, oldestFirst, limit, ...filters }: AuditEventsOptions): AuditEventListQuery {
  return {
    ...filters,
    ...(after !== undefined && { 'at.after': after }),
    ...(before !== undefined && { 'at.before': before }),
    ...(afterSeq !== undefined && { 'seq.after': afterSeq }),
    sort: oldestFirst ? 'seq' : '-seq',
    limit: Math.min(limit, largestPage),
  };
}

async function collect(client: PrivysealClient, options: AuditEventsOptions) {
  const items: AuditEventJson[] = [];
  for await (const page of client.auditEvents(queryOf(options))) {
    items.push(...page.items);
    if (items.length < options.limit) continue;
    return { items: items.slice(0, options.limit), hasMore: items.length > options.limit || page.nextCursor !== null };
  }
  return { items, hasMore: false };
}

/** `certificate.requested` in whole, where there is room for it without the code and the actor: without it nobody knows what happened. */
const leastKind = (width: number | undefined): number => ((width ?? 80) < 68 ? 12 : 21);

/** Of whom and of what the ends tell them apart: an id begins as its neighbours do. */
const columns: readonly Column[] = [
  ...['SEQ', 'TIME', 'KIND'].map((title) => ({ title })),
  ...['ACTOR', 'OBJECT'].map((title) => ({ title, cut: 'middle' as const })),
  { title: 'CODE' },
];

/** The table alone is on stdout; what is to be said about it goes to stderr. */
function describe(session: Session, items: readonly AuditEventJson[], hasMore: boolean): void {
  if (items.length === 0) {
    session.note(['No audit events match.']);
    return;
  }
  const paint = paintFor(session.io);
  const table = layoutTable(columns, items.map(cellsOf), {
    width: session.width,
    givesWay: [
      ['OBJECT', 24],
      ['ACTOR', 12],
      ['OBJECT', 12],
      ['KIND', leastKind(session.width)],
    ],
    leavesOut: ['CODE', 'ACTOR'],
    finish: ({ title }, padded) => (title === 'CODE' ? paint('yellow', padded) : padded),
  });
  session.printTable(table);
  if (hasMore) session.note([`There are more than these ${items.length}: see --limit.`]);
}

const cellsOf = ({ seq, at, kind, actor, object, code }: AuditEventJson): string[] => [
  String(seq),
  timeToTheSecond(at),
  ...[kind, actor, object, code ?? ''].map((text) => printable(text, 300)),
];
