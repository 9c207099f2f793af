/** `privyseal campaign members`: the certificates of a campaign one by one, with what became of each. */
import type { CampaignMemberJson } from '../../../api/campaign.ts';
import { printable } from '../../../domain/policy/printable.ts';
import { collectFirst } from '../collect-pages.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { paintFor } from '../terminal/paint.ts';
import { layoutTable } from '../terminal/table.ts';
import { timeInWords } from '../terminal/words.ts';

export interface MembersOptions {
  readonly state?: CampaignMemberJson['state'][];
  readonly product?: string[];
  readonly limit: number;
}

export async function campaignMembers(
  session: Session,
  id: string,
  { limit, ...filters }: MembersOptions,
): Promise<Ending> {
  const client = await session.adminClient();
  const { items, hasMore } = await collectFirst(limit, (page) => client.campaignMembers(id, { ...filters, ...page }));
  if (session.json) session.printJson({ items, hasMore });
  else if (items.length === 0) session.note(['No members match.']);
  else session.print(tableOf(session, items));
  if (hasMore && !session.json) session.note([`The first ${items.length} are shown; --limit shows more.`]);
  return 'ok';
}

const titles = ['SERIAL', 'NAME', 'PRODUCT', 'STATE', 'EXPIRES', 'SUCCESSOR'];

function tableOf(session: Session, items: readonly CampaignMemberJson[]): readonly string[] {
  const paint = paintFor(session.io);
  const rows = items.map(({ serial, name, product, state, failure, notAfter, successor }) => [
    serial,
    printable(name, 300),
    printable(product),
    failure === null ? state : `${state}: ${failure}`,
    timeInWords(notAfter, session.now()),
    successor ?? '-',
  ]);
  return layoutTable(
    titles.map((title) => ({ title, ...(['SERIAL', 'SUCCESSOR'].includes(title) && { cut: 'middle' as const }) })),
    rows,
    {
      width: session.width,
      givesWay: [
        ['NAME', 20],
        ['SUCCESSOR', 13],
        ['SERIAL', 13],
        ['PRODUCT', 10],
      ],
      leavesOut: ['SUCCESSOR', 'EXPIRES', 'PRODUCT'],
      finish: ({ title }, padded, cell) =>
        title === 'STATE' && /^(?:failed|overdue)/.test(cell) ? paint('red', padded) : padded,
    },
  ).lines;
}
