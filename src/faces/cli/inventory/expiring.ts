/** `privyseal expiring`: what expires soon, whose it is, and when, as bars. */
import type { ExpiringJson } from '../../../api/inventory.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { CliError } from '../cli-error.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { bar } from '../terminal/bars.ts';
import { foldText } from '../terminal/fold.ts';
import { paintFor } from '../terminal/paint.ts';
import { layoutTable } from '../terminal/table.ts';
import { counted, lengthInWords } from '../terminal/words.ts';

export interface ExpiringOptions {
  /** Seconds. */
  readonly within: number;
  readonly environment?: string;
  readonly product?: string;
}

const daySeconds = 86_400;
const mostDays = 366;

export async function expiring(session: Session, { within, ...only }: ExpiringOptions): Promise<Ending> {
  const days = Math.ceil(within / daySeconds);
  if (days > mostDays) throw new CliError('usage', `--within is ${days}d, but can be ${mostDays}d at most.`);
  const answer = await (await session.adminClient()).expiring({ days, ...only });
  if (session.json) session.printJson(answer);
  else describe(session, answer, days);
  return 'ok';
}

function describe(session: Session, answer: ExpiringJson, days: number): void {
  const { certificates, withoutSuccessor, overdue } = answer;
  const what = certificates === 1 ? 'certificate of a product expires' : 'certificates of products expire';
  const rest = certificates === 0 ? '' : `, ${withoutSuccessor} without a successor, ${overdue} overdue`;
  const sentence = `${certificates} ${what} within ${lengthInWords(days * daySeconds)}${rest}.`;
  session.print(foldText(sentence, session.width));
  if (certificates === 0) return;
  session.print(['', ...products(session, answer), '', ...histogram(session, answer, days)]);
}

const mostProducts = 10;

function products(session: Session, { products: all }: ExpiringJson): string[] {
  const shown = all.slice(0, mostProducts);
  const cells = shown.map(({ product, certificates, withoutSuccessor, overdue }) => [
    printable(product),
    String(certificates),
    String(withoutSuccessor),
    String(overdue),
  ]);
  const columns = ['PRODUCT', 'EXPIRE', 'WITHOUT SUCCESSOR', 'OVERDUE'].map((title) => ({ title }));
  const { lines } = layoutTable(columns, cells, { width: session.width, givesWay: [['PRODUCT', 12]], leavesOut: [] });
  const more = all.length - shown.length;
  return [...lines, ...(more > 0 ? [`and ${counted(more, 'more product')}`] : [])];
}

interface Bar {
  certificates: number;
  withoutSuccessor: number;
}

/** Longer times by week. */
const mostDailyBars = 31;
const labelWidth = 'week of 2026-11-16'.length;
const barWidth = 60;

function histogram(session: Session, { at, days: counted }: ExpiringJson, days: number): string[] {
  const byWeek = days > mostDailyBars;
  const now = Date.parse(at) / 1000;
  const bars = new Map<number, Bar>();
  for (let start = startOf(now, byWeek); start <= now + days * daySeconds; start += (byWeek ? 7 : 1) * daySeconds) {
    bars.set(start, { certificates: 0, withoutSuccessor: 0 });
  }
  for (const { date, certificates, withoutSuccessor } of counted) {
    const found = bars.get(startOf(Date.parse(date) / 1000, byWeek));
    if (!found) continue;
    found.certificates += certificates;
    found.withoutSuccessor += withoutSuccessor;
  }
  return drawn(session, bars, byWeek);
}

/** Of the day, or of the Monday of its week; 1970-01-01 was a Thursday. */
function startOf(seconds: number, byWeek: boolean): number {
  const day = Math.floor(seconds / daySeconds);
  return (byWeek ? day - ((((day + 3) % 7) + 7) % 7) : day) * daySeconds;
}

function drawn(session: Session, bars: ReadonlyMap<number, Bar>, byWeek: boolean): string[] {
  const paint = paintFor(session.io);
  const largest = Math.max(...Array.from(bars.values(), ({ certificates }) => certificates));
  const width = Math.max(8, Math.min(barWidth, (session.width ?? 100) - labelWidth - String(largest).length - 4));
  return Array.from(bars, ([start, { certificates, withoutSuccessor }]) => {
    const date = new Date(start * 1000).toISOString().slice(0, 10);
    const label = (byWeek ? `week of ${date}` : date).padEnd(byWeek ? labelWidth : 10);
    const line = bar(certificates, largest, width);
    const coloured = line === '' ? '' : `${paint(withoutSuccessor > 0 ? 'yellow' : 'green', line)} `;
    return `${label}  ${coloured}${certificates}`;
  });
}
