/** `privyseal campaign plan|start|list|show|pause|resume|abandon`: mass rotations, planned and led. */
import type { CampaignBody, CampaignJson, ResumeCampaignBody } from '../../../api/campaign.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import { CliError } from '../cli-error.ts';
import { collectFirst } from '../collect-pages.ts';
import { type Deadline, timeOfDeadline } from '../deadline.ts';
import type { Ending } from '../exit-codes.ts';
import { type FilterOptions, filterQuery } from '../inventory/filter-options.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { layoutFields } from '../terminal/fields.ts';
import { layoutTable, type Table } from '../terminal/table.ts';
import { counted, timeInWords } from '../terminal/words.ts';
import { describeCampaign, describePlan } from './describe-campaign.ts';
import { watchCampaign } from './watch-campaign.ts';

export interface OrderOptions extends FilterOptions {
  readonly rotateBy: Deadline;
  readonly revokeAt?: Deadline;
}

export interface StartOptions extends OrderOptions {
  readonly description?: string;
  readonly yes?: boolean;
  readonly watch?: boolean;
}

export interface ResumeOptions {
  readonly rotateBy?: Deadline;
  readonly revokeAt?: Deadline;
}

function bodyOf(session: Session, { rotateBy, revokeAt, ...filters }: OrderOptions): CampaignBody {
  const now = session.now();
  const { sort: _sort, ...filter } = filterQuery(filters, now);
  return {
    filter: filter as CampaignBody['filter'],
    rotateBy: timeOfDeadline(rotateBy, now),
    ...(revokeAt !== undefined && { revokeAt: timeOfDeadline(revokeAt, now) }),
  };
}

export async function planCampaign(session: Session, options: OrderOptions): Promise<Ending> {
  const plan = await (await session.adminClient()).planCampaign(bodyOf(session, options));
  if (session.json) session.printJson(plan);
  else session.print(describePlan(session, plan));
  return 'ok';
}

export async function startCampaign(
  session: Session,
  { description, yes, watch, ...order }: StartOptions,
): Promise<Ending> {
  const client = await session.adminClient();
  const body = { ...bodyOf(session, order), ...(description !== undefined && { description }) };
  if (session.io.mayAsk && !yes) await askFirst(session, client, body);
  const started = await client.startCampaign(body);
  if (watch) return watchCampaign(session, started.id, { every: 2 });
  return report(session, started, 'Started');
}

/** Nobody should start what they have not seen the size of. */
async function askFirst(session: Session, client: PrivysealClient, body: CampaignBody): Promise<void> {
  const plan = await client.planCampaign(body);
  session.note([...describePlan(session, plan), '']);
  const end = plan.revokeAt === null ? '' : `, and have them revoked ${timeInWords(plan.revokeAt, session.now())}`;
  const question = `Have ${counted(plan.certificates, 'certificate')} rotated ${timeInWords(plan.rotateBy, session.now())}${end}? [y/N] `;
  if (!(await confirm(session.io, question))) throw new CliError('declined', 'No campaign was started.');
}

export async function listCampaigns(session: Session, { limit }: { readonly limit: number }): Promise<Ending> {
  const client = await session.adminClient();
  const { items, hasMore } = await collectFirst(limit, (page) => client.campaigns(page));
  if (session.json) session.printJson({ items, hasMore });
  else if (items.length === 0)
    session.note(['There are no campaigns. `privyseal campaign plan` shows what one would be.']);
  else session.printTable(tableOf(session, items));
  if (hasMore && !session.json) session.note([`The newest ${items.length} are shown; --limit shows more.`]);
  return 'ok';
}

const titles = ['CAMPAIGN', 'FOR', 'STATUS', 'ROTATE BY', 'MEMBERS', 'ROTATED', 'PROVED', 'OVERDUE', 'FAILED'];

function tableOf(session: Session, items: readonly CampaignJson[]): Table {
  const rows = items.map(({ id, description, status, rotateBy, members, progress }) => [
    printable(id),
    safeText(description || '-'),
    status,
    timeInWords(rotateBy, session.now()),
    ...[members, progress.rotated + progress.proved, progress.proved, progress.overdue, progress.failed].map(String),
  ]);
  const givesWay = [['FOR', 10]] as const;
  const leavesOut = ['PROVED', 'ROTATE BY', 'FOR'];
  return layoutTable(
    titles.map((title) => ({ title })),
    rows,
    { width: session.width, givesWay, leavesOut },
  );
}

export async function showCampaign(session: Session, id: string): Promise<Ending> {
  const campaign = await (await session.adminClient()).campaign(id);
  if (session.json) session.printJson(campaign);
  else session.print(describeCampaign(session, campaign));
  return 'ok';
}

export async function pauseCampaign(session: Session, id: string): Promise<Ending> {
  return report(session, await (await session.adminClient()).pauseCampaign(id), 'Paused');
}

export async function resumeCampaign(session: Session, id: string, options: ResumeOptions): Promise<Ending> {
  const now = session.now();
  const { rotateBy, revokeAt } = options;
  const body: ResumeCampaignBody = {
    ...(rotateBy !== undefined && { rotateBy: timeOfDeadline(rotateBy, now) }),
    ...(revokeAt !== undefined && { revokeAt: timeOfDeadline(revokeAt, now) }),
  };
  return report(session, await (await session.adminClient()).resumeCampaign(id, body), 'Resumed');
}

export async function abandonCampaign(session: Session, id: string, { yes }: { yes?: boolean }): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) {
    const { progress } = await client.campaign(id);
    const open = progress.waiting + progress.overdue;
    const question = `Abandon ${printable(id)}, with ${counted(open, 'certificate')} waiting? This cannot be undone. [y/N] `;
    if (!(await confirm(session.io, question))) throw new CliError('declined', 'Nothing was abandoned.');
  }
  return report(session, await client.abandonCampaign(id), 'Abandoned');
}

function report(session: Session, campaign: CampaignJson, done: string): Ending {
  if (session.json) session.printJson(campaign);
  else {
    const { id, rotateBy, progress, expected } = campaign;
    const open = campaign.status === 'collecting' ? expected : progress.waiting + progress.overdue;
    session.print(
      layoutFields([
        [done, printable(id)],
        ['Waiting', counted(open, 'certificate')],
        ['Rotate by', timeInWords(rotateBy, session.now())],
        ...(campaign.status === 'abandoned'
          ? []
          : [['Watch it', session.command(`campaign watch ${printable(id)}`)] as const]),
      ]),
    );
  }
  return 'ok';
}
