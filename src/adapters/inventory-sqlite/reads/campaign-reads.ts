/** Reads of campaigns, their members and what became of them. */
import type { Campaign, CampaignTurn, MemberCount, MemberFailure } from '../../../domain/records/campaign.ts';
import type { CampaignStore } from '../../../ports/campaign-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import { asked } from './point-reads.ts';

const campaignColumns = `id, status, filter, description, rotate_by AS rotateBy, revoke_at AS revokeAt,
  spread_from AS spreadFrom, started_at AS startedAt, started_by AS startedBy, ended_at AS endedAt, expected, members`;

/** Each is one look-up or one range of an index; a test asks SQLite for the plan of every one. */
export const campaignLookUps = {
  campaign: `SELECT ${campaignColumns} FROM campaigns WHERE id = ?`,
  campaigns: `SELECT ${campaignColumns} FROM campaigns WHERE id < ? ORDER BY id DESC LIMIT ?`,
  memberCounts: `SELECT product, state, failure, certificates FROM campaign_counts
    WHERE campaign = ? AND certificates > 0 ORDER BY product, state, failure`,
  membersToRevoke: `SELECT lower(hex(serial)) FROM campaign_members
    WHERE campaign = ? AND is_done = 0 ORDER BY position LIMIT ?`,
  campaignTurns: `SELECT c.status, position, c.spread_from AS spreadFrom, c.rotate_by AS rotateBy
    FROM campaign_members JOIN campaigns AS c ON c.id = campaign
    WHERE serial = ? AND c.status IN ('running', 'paused')`,
} as const;

/** A handful, in an index of their own. */
const underWay = `SELECT ${campaignColumns}, collected_at AS collectedAt, lower(hex(collected_serial)) AS collectedSerial
  FROM campaigns WHERE status IN ('collecting', 'running') ORDER BY id`;

export type CampaignRow = Omit<Campaign, 'filter'> & { readonly filter: string };

type RowUnderWay = CampaignRow & { readonly collectedAt: number | null; readonly collectedSerial: string };

export const campaignOf = ({ filter, ...rest }: CampaignRow): Campaign => ({ ...rest, filter: JSON.parse(filter) });

type CampaignRead =
  | 'campaign'
  | 'campaigns'
  | 'campaignsUnderWay'
  | 'memberCounts'
  | 'membersToRevoke'
  | 'campaignTurns';

/** Above every id, which begins with a hexadecimal digit. */
const pastAll = 'g';

export function campaignReads(connection: Statements): Pick<CampaignStore, CampaignRead> {
  const one = connection.prepare<[string], CampaignRow>(campaignLookUps.campaign);
  const page = connection.prepare<[string, number], CampaignRow>(campaignLookUps.campaigns);
  const open = connection.prepare<[], RowUnderWay>(underWay);
  const counts = connection.prepare<[string], Omit<MemberCount, 'failure'> & { failure: MemberFailure | '' }>(
    campaignLookUps.memberCounts,
  );
  const toRevoke = connection.prepare<[string, number], string>(campaignLookUps.membersToRevoke).pluck();
  const turns = connection.prepare<[Buffer], CampaignTurn>(campaignLookUps.campaignTurns);
  return {
    campaign: asked((id: string) => {
      const row = one.get(id);
      return row && campaignOf(row);
    }),
    campaigns: asked(({ before = pastAll, limit }: { readonly before?: string; readonly limit: number }) =>
      page.all(before, limit).map(campaignOf),
    ),
    campaignsUnderWay: asked(() =>
      open.all().map(({ collectedAt, collectedSerial, ...row }) => ({
        ...campaignOf(row),
        collectedUpTo: collectedAt === null ? null : { sortValue: collectedAt, serial: collectedSerial },
      })),
    ),
    memberCounts: asked((id: string) =>
      counts.all(id).map(({ failure, ...count }): MemberCount => ({ ...count, failure: failure || null })),
    ),
    membersToRevoke: asked((id: string, limit: number) => toRevoke.all(id, limit)),
    campaignTurns: asked((serial: string) => turns.all(serialOctets(serial))),
  };
}
