/** `privyseal summary`: how many certificates there are of what, and when they expire. */
import type { InventorySummaryJson } from '../../../api/inventory.ts';
import { printable } from '../../../domain/policy/printable.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { bar } from '../terminal/bars.ts';
import { paintFor, statusColour } from '../terminal/paint.ts';
import { layoutTable } from '../terminal/table.ts';
import { timeToTheSecond } from '../terminal/words.ts';

export async function summary(session: Session, options: { readonly environment?: string }): Promise<Ending> {
  const answer = await (await session.adminClient()).summary(options);
  if (session.json) session.printJson(answer);
  else describe(session, answer);
  return 'ok';
}

type Counts = InventorySummaryJson['total'];

const statuses = ['valid', 'expired', 'revoked', 'held', 'pending'] as const;
const mostRows = 20;
const mostWeeks = 13;

function describe(session: Session, answer: InventorySummaryJson): void {
  const { products, profiles, keyTypes, total, expiryWeeks } = answer;
  const largestFirst = [...products].sort((a, b) => sum(b) - sum(a));
  session.print([
    `As of ${timeToTheSecond(answer.at)}`,
    '',
    ...table(session, 'PRODUCT', [
      ...largestFirst.map((one) => [one.product, one] as const),
      ...(products.length > mostRows ? [] : [['all certificates', total] as const]),
    ]),
    '',
    ...table(
      session,
      'PROFILE',
      profiles.map((one) => [one.profile, one] as const),
    ),
    '',
    ...table(
      session,
      'KEY TYPE',
      keyTypes.map((one) => [one.keyType, one] as const),
    ),
    ...weeks(session, expiryWeeks, answer.at),
  ]);
}

const sum = (counts: Counts): number => statuses.reduce((total, status) => total + counts[status], 0);

function table(session: Session, title: string, rows: readonly (readonly [string, Counts])[]): string[] {
  const paint = paintFor(session.io);
  const columns = [title, ...statuses.map((status) => status.toUpperCase())].map((name) => ({ title: name }));
  const cells = rows
    .slice(0, mostRows)
    .map(([name, counts]) => [printable(name), ...statuses.map((status) => String(counts[status]))]);
  const { lines } = layoutTable(columns, cells, {
    width: session.width,
    givesWay: [[title, 12]],
    leavesOut: ['PENDING', 'HELD'],
    finish: ({ title: name }, padded, cell) =>
      name === title || cell === '0' ? padded : paint(statusColour(name.toLowerCase()), padded),
  });
  const more = rows.length - cells.length;
  return [...lines, ...(more > 0 ? [`and ${more} more; all with --json`] : [])];
}

/** Those to come, of what is good now. */
function weeks(session: Session, all: InventorySummaryJson['expiryWeeks'], at: string): string[] {
  const thisWeek = new Date(Date.parse(at) - 7 * 86_400_000).toISOString().slice(0, 10);
  const coming = all.filter(({ week, valid }) => week > thisWeek && valid > 0).slice(0, mostWeeks);
  if (coming.length === 0) return [];
  const largest = Math.max(...coming.map(({ valid }) => valid));
  const width = Math.max(8, Math.min(50, (session.width ?? 100) - 30));
  const lines = coming.map(({ week, valid }) => `week of ${week}  ${bar(valid, largest, width)} ${valid}`);
  return ['', 'Valid certificates by week of expiry', ...lines];
}
