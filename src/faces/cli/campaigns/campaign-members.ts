/** `privyseal campaign members`: the certificates of a campaign one by one, with what became of each. */
import type { CampaignMemberJson, CampaignMemberQuery } from '../../../api/campaign.ts';
import type { PrivysealClient } from '../../../client/client.ts';
import { printable } from '../../../domain/policy/printable.ts';
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
  const { items, hasMore } = await collect(await session.adminClient(), id, filters, limit);
  if (session.json) session.printJson({ items, hasMore });
  else if (items.length === 0) session.note(['No members match.']);
  else session.print(tableOf(session, items));
  if (hasMore && !session.json) session.note([`The first ${items.length} are shown; --limit shows more.`]);
  return 'ok';
}

const largestPage = 1000;

interface Found {
  readonly items: readonly CampaignMemberJson[];
  readonly hasMore: boolean;
}

async function collect(
  client: PrivysealClient,
  id: string,
  filters: Pick<CampaignMemberQuery, 'state' | 'product'>,
  limit: number,
): Promise<Found> {
  const items: CampaignMemberJson[] = [];
  for (let cursor: string | null | undefined; cursor !== null && items.length < limit; ) {
    const page = { limit: Math.min(limit - items.length, largestPage), ...(cursor !== undefined && { cursor }) };
    const { items: found, nextCursor } = await client.campaignMembers(id, { ...filters, ...page });
    items.push(...found);
    cursor = nextCursor;
    if (cursor !== null && items.length >= limit) return { items, hasMore: true };
  }
  return { items, hasMore: false };
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
