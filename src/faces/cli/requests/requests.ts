/** `privyseal requests list|show|approve|deny`: what waits for operators, exactly what would be signed, and their verdicts. */
import type { ListedRequestJson, RequestJson, RequestListQuery } from '../../../api/request.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { safeText } from '../../../domain/policy/safe-text.ts';
import { CliError } from '../cli-error.ts';
import { collectFirst } from '../collect-pages.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/confirm.ts';
import { layoutFields } from '../terminal/fields.ts';
import { layoutTable } from '../terminal/table.ts';
import { timeInWords, timeToTheSecond } from '../terminal/words.ts';
import { describeRequest } from './describe-request.ts';

export interface ListRequestsOptions extends Pick<RequestListQuery, 'status' | 'product'> {
  readonly limit: number;
}

export async function listRequests(session: Session, { limit, ...filters }: ListRequestsOptions): Promise<Ending> {
  const client = await session.adminClient();
  const { items, hasMore } = await collectFirst(limit, (page) => client.requests({ ...filters, ...page }));
  if (session.json) session.printJson({ items, hasMore });
  else if (items.length === 0) session.note(['No requests match.']);
  else printTable(session, items, hasMore);
  return 'ok';
}

const columns = ['REQUEST', 'NAME', 'PRODUCT', 'PROFILE', 'STATUS', 'APPROVALS', 'EXPIRES'].map((title) => ({ title }));

function printTable(session: Session, items: readonly ListedRequestJson[], hasMore: boolean): void {
  const givesWay = [
    ['NAME', 24],
    ['PRODUCT', 12],
    ['NAME', 12],
  ] as const;
  const options = { width: session.width, givesWay, leavesOut: ['PROFILE', 'APPROVALS', 'EXPIRES', 'PRODUCT'] };
  const rows = items.map((item) => rowOf(item, session.now()));
  session.printTable(layoutTable(columns, rows, options));
  if (hasMore) session.note([`The newest ${items.length} are shown; --limit shows more.`]);
}

function rowOf(item: ListedRequestJson, now: number): string[] {
  const more = item.names.length > 1 ? ` +${item.names.length - 1}` : '';
  const approvals = item.verdicts.filter(({ verdict }) => verdict === 'approved').length;
  const cells = [item.id, `${item.names[0] ?? '-'}${more}`, item.product, item.profile.name, statusOf(item)];
  return [
    ...cells.map((cell) => printable(cell, 300)),
    `${approvals} of ${item.approvalsNeeded}`,
    item.endedAt === null ? timeInWords(item.expiresAt, now) : '-',
  ];
}

/** Which requests wait in vain is to be seen before one of them is looked at. */
function statusOf({ status, obstacles }: ListedRequestJson): string {
  if (obstacles.length === 0) return status;
  const isOutdated = obstacles.some(({ code }) => code === 'requestOutdated');
  return `${status} (${isOutdated ? 'outdated' : obstacles[0]!.code})`;
}

export async function showRequest(session: Session, id: string): Promise<Ending> {
  const request = await (await session.adminClient()).request(id);
  if (session.json) session.printJson(request);
  else session.print(describeRequest(session, request));
  return 'ok';
}

export interface ApproveOptions {
  readonly comment?: string;
  readonly yes?: boolean;
}

export async function approveRequest(session: Session, id: string, { comment, yes }: ApproveOptions): Promise<Ending> {
  const client = await session.adminClient();
  if (session.io.mayAsk && !yes) await askFirst(session, await client.request(id));
  const outcome = await client.approve(id, comment === undefined ? {} : { comment });
  if (session.json) {
    session.printJson(outcome.kind === 'request' ? outcome.request : outcome.certificate);
    return 'ok';
  }
  if (outcome.kind === 'request') {
    const { approvalsNeeded, verdicts } = outcome.request;
    const rest = `${verdicts.length} of ${approvalsNeeded}; another operator must approve it, too`;
    session.print(layoutFields([['Approved', rest]]));
    return 'ok';
  }
  const { serial, names, notAfter } = outcome.certificate;
  session.print(
    layoutFields([
      ['Approved', 'by everybody needed: it is issued'],
      ['Certificate', printable(serial)],
      ['Names', names.map((name) => printable(name))],
      ['Expires', `${timeInWords(notAfter, session.now())}, ${timeToTheSecond(notAfter)}`],
    ]),
  );
  return 'ok';
}

/** Nobody should say yes to what they have not seen. */
async function askFirst(session: Session, request: RequestJson): Promise<void> {
  session.note(describeRequest(session, request));
  if (!(await confirm(session.io, 'Approve this? [y/N] '))) throw new CliError('declined', 'Nothing was approved.');
}

export async function denyRequest(session: Session, id: string, { comment }: { comment: string }): Promise<Ending> {
  const denied = await (await session.adminClient()).deny(id, { comment });
  if (session.json) session.printJson(denied);
  else
    session.print(
      layoutFields([
        ['Denied', printable(denied.id)],
        ['Names', denied.names.map((name) => printable(name))],
        ['Told', safeText(comment)],
      ]),
    );
  return 'ok';
}
