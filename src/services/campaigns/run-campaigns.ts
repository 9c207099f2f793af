/** What campaigns do without anybody asking: record their members, revoke them when it is time, and end. */
import type { AuditEntry } from '../../domain/records/audit-event.ts';
import type { Campaign } from '../../domain/records/campaign.ts';
import type { CollectedUpTo } from '../../ports/campaign-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Log } from '../../ports/log.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';
import { supersededEntry } from '../rotating/superseded-entry.ts';
import { memberQuery } from './plan-campaign.ts';

export interface RunCampaignsDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly news: RevocationNews;
  readonly log: Log;
  /** Called when the windows of many certificates have changed. */
  readonly forgetWindows: () => void;
}

/** Members recorded in one act: about 10 ms of the writer, with whom issuance shares it. */
const membersPerStep = 250;
/** Steps in one round, which comes about once a second. */
const stepsPerRound = 20;
/** Revocations in one act's commit, and in one round: lists are made anew after each round. */
const revokedAtOnce = 100;
const revokingStepsPerRound = 5;
/** Members looked at in one round for having expired: a millisecond of the writer; 500,000 take a quarter of an hour. */
const lookedAtPerRound = 500;

/**
 * Gives what does one round; it is to be called about once a second, and never rejects. All that it needs to know is in the
 * inventory, so that it goes on after a restart.
 */
export function createCampaignRounds(deps: RunCampaignsDeps): () => Promise<void> {
  /** By campaign, the position up to which its members have been looked at for having expired; from the beginning after the last. */
  const lookedAt = new Map<string, number>();
  const report = (error: unknown, campaign?: string): void =>
    deps.log.error({ err: error, campaign }, 'a campaign could not go on; trying again');
  return async () => {
    // A clock that is not believed would revoke too early.
    if (deps.clock.problem() !== undefined) return;
    try {
      for (const campaign of await deps.inventory.campaignsUnderWay()) {
        const turn = campaign.status === 'collecting' ? collect(deps, campaign) : tend(deps, campaign, lookedAt);
        // One that cannot go on keeps no other from being revoked at its time.
        await turn.catch((error: unknown) => report(error, campaign.id));
      }
    } catch (error) {
      report(error);
    }
  };
}

interface CollectDeps {
  readonly inventory: Inventory;
  readonly clock: Pick<GuardedClock, 'now'>;
}

type Collecting = Campaign & { readonly collectedUpTo: CollectedUpTo | null };

async function collect(deps: RunCampaignsDeps, campaign: Collecting): Promise<void> {
  let upTo: CollectedUpTo | null = campaign.collectedUpTo;
  for (let step = 0; step < stepsPerRound; step++) {
    upTo = await collectStep(deps, campaign, upTo);
    if (upTo === null) return deps.forgetWindows();
  }
}

/** Until it runs, for who has the inventory alone. */
export async function collectAll(deps: CollectDeps, campaign: Collecting): Promise<void> {
  let upTo: CollectedUpTo | null = campaign.collectedUpTo;
  do upTo = await collectStep(deps, campaign, upTo);
  while (upTo !== null);
}

/** Where to go on; null when nothing is left to record, or it was abandoned meanwhile. */
async function collectStep(
  { inventory, clock }: CollectDeps,
  { id, filter, startedAt }: Campaign,
  after: CollectedUpTo | null,
): Promise<CollectedUpTo | null> {
  const query = { ...memberQuery(filter, Math.floor(startedAt / 1000)), limit: membersPerStep };
  const page = await inventory.searchCertificates({ ...query, ...(after && { after }) });
  // What was requested after the start is no member, however long this takes.
  const members = page.filter(({ requestedAt }) => requestedAt <= startedAt);
  const last = members.at(-1);
  const isWhole = page.length === membersPerStep && members.length === page.length;
  const upTo = isWhole && last ? { sortValue: last.requestedAt, serial: last.serial } : null;
  const at = clock.now();
  const isRecorded = await inventory.recordMembers({
    campaign: id,
    members: members.map(({ serial, owner }) => ({ serial, product: owner })),
    upTo,
    at,
    audit: { at, kind: 'campaign.collected', actor: 'service', object: `campaign:${id}` },
  });
  return isRecorded ? upTo : null;
}

async function tend(deps: RunCampaignsDeps, campaign: Campaign, lookedAt: Map<string, number>): Promise<void> {
  const { inventory, clock, forgetWindows } = deps;
  const { id, revokeAt, members } = campaign;
  const now = Math.floor(clock.now() / 1000);
  const after = lookedAt.get(id) ?? 0;
  await inventory.expireMembers({ campaign: id, after, count: lookedAtPerRound, at: now });
  lookedAt.set(id, after + lookedAtPerRound < members ? after + lookedAtPerRound : 0);
  if (revokeAt !== null && revokeAt <= now) await revokeSome(deps, campaign);
  const at = clock.now();
  const audit: AuditEntry = { at, kind: 'campaign.ended', actor: 'service', object: `campaign:${id}` };
  if (!(await inventory.endCampaign({ id, at, audit }))) return;
  lookedAt.delete(id);
  forgetWindows();
}

async function revokeSome(deps: RunCampaignsDeps, { id }: Campaign): Promise<void> {
  for (let step = 0; step < revokingStepsPerRound; step++) {
    const serials = await deps.inventory.membersToRevoke(id, revokedAtOnce);
    await Promise.all(serials.map((serial) => revoke(deps, id, serial)));
    if (serials.length < revokedAtOnce) return;
  }
}

async function revoke({ inventory, clock, news }: RunCampaignsDeps, campaign: string, serial: string): Promise<void> {
  const now = clock.now();
  const audit = supersededEntry(serial, now, { campaign });
  const record = await inventory.revokeMember({ campaign, serial, at: Math.floor(now / 1000), audit });
  if (record) news.announce({ serial, authority: record.authority, revoked: true });
}
