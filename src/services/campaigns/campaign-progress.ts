/** What has become of the members of campaigns, summed up; also as metrics. */
import type { Campaign, MemberCount } from '../../domain/records/campaign.ts';
import { gauge, type MetricFamily } from '../../domain/records/metric.ts';
import type { CampaignStore } from '../../ports/campaign-store.ts';
import type { Progress } from './campaign-views.ts';

/** `now` in Unix seconds: who still waits when the time is over is overdue. */
export function progressOf(
  { rotateBy }: Pick<Campaign, 'rotateBy'>,
  counts: readonly MemberCount[],
  now: number,
): Progress {
  const sums = { waiting: 0, rotated: 0, proved: 0, failed: 0 };
  for (const { state, certificates } of counts) sums[state] += certificates;
  return now > rotateBy ? { ...sums, waiting: 0, overdue: sums.waiting } : { ...sums, overdue: 0 };
}

/** Of those that are collecting or running, which are a handful. `now` in Unix seconds. */
export async function campaignFamily(
  inventory: Pick<CampaignStore, 'campaignsUnderWay' | 'memberCounts'>,
  now: number,
): Promise<MetricFamily> {
  const campaigns = await inventory.campaignsUnderWay().catch(() => []);
  const readings = await Promise.all(
    campaigns.map(async (campaign) => {
      const counts = await inventory.memberCounts(campaign.id).catch(() => undefined);
      // What cannot be read is left out: 0 would say that nobody waits.
      if (!counts) return [];
      return Object.entries(progressOf(campaign, counts, now)).map(([state, value]) => ({
        labels: { campaign: campaign.id, state },
        value,
      }));
    }),
  );
  return gauge('privyseal_campaign_members', 'Members of campaigns under way by what became of them', readings.flat());
}
