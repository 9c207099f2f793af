/** Pages through the members of a campaign: which certificates wait, are overdue, or failed. */
import type { Campaign, MemberState } from '../../domain/records/campaign.ts';
import type { CampaignStore } from '../../ports/campaign-store.ts';
import type { CursorsFor } from '../inventory/page-cursors.ts';
import type { RegistryPage } from '../registry/registry-services.ts';
import type { MemberListInput, MemberView, ShownMemberState } from './campaign-views.ts';

export interface MemberListDeps {
  readonly inventory: Pick<CampaignStore, 'campaignMembers'>;
  readonly cursorsFor: CursorsFor;
}

/** A page begins after the last member of the page before: positions never change, whatever becomes of members. `now` in Unix seconds. */
export async function listMembers(
  { inventory, cursorsFor }: MemberListDeps,
  campaign: Pick<Campaign, 'id' | 'rotateBy'>,
  { cursor, limit, ...filters }: MemberListInput,
  now: number,
): Promise<RegistryPage<MemberView>> {
  const isOver = now > campaign.rotateBy;
  const { states, products } = filters;
  const cursors = await cursorsFor('campaignMembers', { ...filters, id: campaign.id });
  const after = cursor === undefined ? undefined : (cursors.open(cursor) as number);
  const rows = await inventory.campaignMembers({
    campaign: campaign.id,
    ...(states && { states: keptStates(states, isOver) }),
    ...(products && { products }),
    ...(after !== undefined && { after }),
    // One more than asked for tells whether there is a next page.
    limit: limit + 1,
  });
  const items = rows.slice(0, limit).map((row): MemberView => ({ ...row, state: shownState(row.state, isOver) }));
  const last = items.at(-1);
  return { items, nextCursor: rows.length > items.length && last ? cursors.seal(last.position) : null };
}

const shownState = (state: MemberState, isOver: boolean): ShownMemberState =>
  state === 'waiting' && isOver ? 'overdue' : state;

/** Nobody waits once the time is over, and nobody is overdue before. */
const keptStates = (states: readonly ShownMemberState[], isOver: boolean): readonly MemberState[] =>
  states.flatMap((state) => {
    if (state === 'overdue') return isOver ? ['waiting'] : [];
    return state === 'waiting' && isOver ? [] : [state];
  });
