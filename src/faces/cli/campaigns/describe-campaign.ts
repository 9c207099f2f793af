/** A campaign as a person reads it: its times, a bar of what became of its members, and its products. */
import type { CampaignJson, CampaignPlanJson, CampaignProgressJson } from '../../../api/campaign.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import type { Session } from '../session.ts';
import { bar } from '../terminal/bars.ts';
import { type Field, layoutFields } from '../terminal/fields.ts';
import { type Colour, type Paint, paintFor } from '../terminal/paint.ts';
import { layoutTable } from '../terminal/table.ts';
import { counted, timeInWords, timeToTheSecond } from '../terminal/words.ts';

type Progress = CampaignJson['progress'];

export function describePlan(session: Session, plan: CampaignPlanJson): string[] {
  const { certificates, products, mostPerHour } = plan;
  const perHour = `at most ${mostPerHour} in an hour`;
  return [
    ...layoutFields([
      ['Certificates', `${certificates} of ${counted(products.length, 'product')}`],
      ['Filter', filterText(plan.filter)],
      ...timesOf(session, plan),
      ['Load', perHour],
    ]),
    '',
    ...productTable(
      session,
      ['PRODUCT', 'CERTIFICATES'],
      products.map((each) => [each.product, each.certificates]),
    ),
    '',
    ...loadBars(session, plan),
  ];
}

export function describeCampaign(session: Session, campaign: CampaignProgressJson): string[] {
  const { products, failures } = campaign;
  const paint = paintFor(session.io);
  const failed = failures.map(({ reason, certificates }) => `${certificates} ${failureInWords[reason]}`);
  return [
    ...layoutFields([
      ['Campaign', printable(campaign.id)],
      ...(campaign.description === '' ? [] : [['For', safeText(campaign.description)] as const]),
      ['Status', statusText(campaign)],
      ['Filter', filterText(campaign.filter)],
      ...timesOf(session, campaign),
      ['Started', `${timeInWords(campaign.startedAt, session.now())} by ${printable(campaign.startedBy, 100)}`],
      ...(failed.length === 0 ? [] : [['Failed', failed] as const]),
    ]),
    '',
    progressLine(session, campaign, paint),
    '',
    ...productTable(
      session,
      ['PRODUCT', 'WAITING', 'OVERDUE', 'ROTATED', 'PROVED', 'FAILED'],
      products.map((each) => [each.product, each.waiting, each.overdue, each.rotated, each.proved, each.failed]),
    ),
  ];
}

const failureInWords: Readonly<Record<CampaignProgressJson['failures'][number]['reason'], string>> = {
  revoked: 'revoked before they were rotated',
  successorRevoked: 'rotated, but the successor was revoked',
  deploymentFailed: 'rotated, but a target reports that the successor failed',
  expired: 'expired before they were rotated',
};

function statusText({ status, members, expected, endedAt }: CampaignJson): string {
  if (status === 'collecting') return `collecting: ${members} of ${expected} members are recorded`;
  return endedAt === null ? status : `${status}, ${timeToTheSecond(endedAt)}`;
}

function timesOf(session: Session, { rotateBy, revokeAt }: Pick<CampaignJson, 'rotateBy' | 'revokeAt'>): Field[] {
  const told = (time: string): string => `${timeToTheSecond(time)}, ${timeInWords(time, session.now())}`;
  return [
    ['Rotate by', told(rotateBy)],
    ['Revoke at', revokeAt === null ? 'never' : told(revokeAt)],
  ];
}

const filterText = (filter: CampaignJson['filter']): string[] =>
  Object.entries(filter).map(([field, value]) => `${field}: ${printable([value].flat().join(', '), 300)}`);

/** `██▓▓░░  45 %  450 of 1000 rotated, 300 proved, 10 overdue, 2 failed` */
export function progressLine(
  session: Session,
  { progress, members, expected, status }: CampaignJson,
  paint: Paint,
): string {
  const width = Math.max(10, Math.min(40, (session.width ?? 100) - 60));
  if (status === 'collecting') {
    const share = expected === 0 ? 1 : Math.min(1, members / expected);
    return `${paint(
      'cyan',
      stacked(
        [
          ['█', members],
          ['░', Math.max(expected - members, 0)],
        ],
        width,
      ),
    )}  ${Math.floor(share * 100)} %  ${members} of ${expected} members recorded`;
  }
  const done = progress.rotated + progress.proved;
  const percent = members === 0 ? 100 : Math.floor((done / members) * 100);
  const counts = [
    `${done} of ${members} rotated`,
    `${progress.proved} proved`,
    ...(progress.overdue > 0 ? [paint('red', `${progress.overdue} overdue`)] : []),
    ...(progress.failed > 0 ? [paint('red', `${progress.failed} failed`)] : []),
  ];
  return `${segments(progress, width, paint)}  ${percent} %  ${counts.join(', ')}`;
}

function segments(progress: Progress, width: number, paint: Paint): string {
  const parts: readonly [mark: string, count: number, colour: Colour][] = [
    ['█', progress.proved, 'green'],
    ['▓', progress.rotated, 'cyan'],
    ['x', progress.failed, 'red'],
    ['!', progress.overdue, 'red'],
    ['░', progress.waiting, 'reset'],
  ];
  const text = stacked(
    parts.map(([mark, count]) => [mark, count]),
    width,
  );
  return parts.reduce(
    (line, [mark, , colour]) => line.replace(new RegExp(`\\${mark}+`), (run) => paint(colour, run)),
    text,
  );
}

/** Marks in proportion, `width` of them together; rounded where one ends, so that nothing is lost. */
function stacked(parts: readonly (readonly [mark: string, count: number])[], width: number): string {
  const total = parts.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return '░'.repeat(width);
  let before = 0;
  return parts
    .map(([mark, count]) => {
      const from = Math.round((before / total) * width);
      before += count;
      return mark.repeat(Math.round((before / total) * width) - from);
    })
    .join('');
}

const mostProducts = 20;

function productTable(
  session: Session,
  titles: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = rows.slice(0, mostProducts).map((row) => row.map((cell) => printable(String(cell), 100)));
  const columns = titles.map((title) => ({ title }));
  const { lines } = layoutTable(columns, cells, { width: session.width, givesWay: [['PRODUCT', 12]], leavesOut: [] });
  const more = rows.length - mostProducts;
  return [...lines, ...(more > 0 ? [`and ${counted(more, 'more product')}`] : [])];
}

function loadBars(session: Session, { load }: CampaignPlanJson): string[] {
  const paint = paintFor(session.io);
  const most = Math.max(...load.map(({ rotations }) => rotations));
  const width = Math.max(8, Math.min(60, (session.width ?? 100) - 30));
  return load.map(({ from, rotations }) => {
    const line = bar(rotations, most, width);
    return `${timeToTheSecond(from).slice(0, 16)}  ${line === '' ? '' : `${paint('cyan', line)} `}${rotations}`;
  });
}
