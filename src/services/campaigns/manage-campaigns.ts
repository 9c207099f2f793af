/** Operators plan, start, watch, pause, resume and abandon campaigns. */
import { CaError } from '../../domain/errors.ts';
import { parseCampaign, parseResumption } from '../../domain/policy/parse-campaign.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { AuditEntry, AuditKind } from '../../domain/records/audit-event.ts';
import type {
  Campaign,
  CampaignOrder,
  CampaignStatus,
  MemberCount,
  MemberFailure,
} from '../../domain/records/campaign.ts';
import { makeRequestId, parseRequestId } from '../../domain/records/request-id.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import type { CampaignChange } from '../../ports/campaign-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { manyCombinations } from '../inventory/many-combinations.ts';
import { namePage } from '../inventory/name-pages.ts';
import type { CursorsFor } from '../inventory/page-cursors.ts';
import { refuseUnknown } from '../inventory/unknown-filters.ts';
import { noSuch } from '../no-such.ts';
import { progressOf } from './campaign-progress.ts';
import type { CampaignProgress, CampaignServices, CampaignView } from './campaign-views.ts';
import { listMembers } from './list-campaign-members.ts';
import { planCampaign } from './plan-campaign.ts';

export interface CampaignDeps {
  readonly inventory: Inventory;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly cursorsFor: CursorsFor;
  /** Called when the windows of many certificates have changed. */
  readonly forgetWindows: () => void;
}

export function createCampaignServices(deps: CampaignDeps): CampaignServices {
  const { inventory } = deps;
  const nowSeconds = (): number => Math.floor(deps.clock.now() / 1000);
  const view = async (campaign: Campaign): Promise<CampaignView> => ({
    campaign,
    progress: progressOf(campaign, await inventory.memberCounts(campaign.id), nowSeconds()),
  });
  const change = async (caller: Caller, changing: Changing): Promise<CampaignView> => {
    const campaign = await changed(deps, caller, changing);
    deps.forgetWindows();
    return view(campaign);
  };

  return {
    async planCampaign(raw) {
      const now = nowSeconds();
      return planCampaign(inventory, await readOrder(inventory, raw, now), now);
    },
    startCampaign: async (caller, raw) => view(await start(deps, caller, raw)),
    listCampaigns: (page) =>
      namePage(
        page,
        ({ campaign }) => campaign.id,
        async ({ after, limit }) => {
          const found = await inventory.campaigns({ limit, ...(after !== undefined && { before: after }) });
          return Promise.all(found.map(view));
        },
      ),
    async readCampaign(id) {
      const campaign = await findCampaign(inventory, id);
      return wholeProgress(campaign, await inventory.memberCounts(campaign.id), nowSeconds());
    },
    listCampaignMembers: async (id, input) => listMembers(deps, await findCampaign(inventory, id), input, nowSeconds()),
    pauseCampaign: (caller, id) =>
      change(caller, {
        id,
        from: ['running'],
        to: 'paused',
        kind: 'campaign.paused',
        advice: 'Only one that runs can be paused.',
      }),
    async resumeCampaign(caller, id, raw) {
      const campaign = await findCampaign(inventory, id);
      const times = { ...parseResumption(raw, campaign, nowSeconds()), spreadFrom: nowSeconds() };
      const advice = 'Only one that is paused can be resumed.';
      return change(caller, { id, from: ['paused'], to: 'running', kind: 'campaign.resumed', times, advice });
    },
    abandonCampaign: (caller, id) =>
      change(caller, {
        id,
        from: ['collecting', 'running', 'paused'],
        to: 'abandoned',
        kind: 'campaign.abandoned',
        advice: 'It is over already.',
      }),
  };
}

/** Names that never were would silently make a campaign smaller than it was meant to be. */
async function readOrder(inventory: Inventory, raw: unknown, now: number): Promise<CampaignOrder> {
  const order = parseCampaign(raw, now);
  refuseIfAny(manyCombinations(order.filter));
  await refuseUnknown(inventory, order.filter);
  return order;
}

async function start(deps: CampaignDeps, caller: Caller, raw: unknown): Promise<Campaign> {
  const { inventory, clock, randomness } = deps;
  clock.assertSafe();
  const startedAt = clock.now();
  const now = Math.floor(startedAt / 1000);
  const order = await readOrder(inventory, raw, now);
  const { certificates: expected } = await planCampaign(inventory, order, now);
  const campaign: Campaign = {
    ...order,
    id: makeRequestId(startedAt, randomness.bytes(10)),
    status: 'collecting',
    startedAt,
    startedBy: actorOf(caller),
    endedAt: null,
    expected,
    members: 0,
    spreadFrom: now,
  };
  const { rotateBy, revokeAt } = order;
  const filter = printable(JSON.stringify(order.filter), longestFilter);
  await inventory.createCampaign(
    campaign,
    entryOf(deps, caller, {
      id: campaign.id,
      kind: 'campaign.started',
      details: { filter, rotateBy, revokeAt, expected },
    }),
  );
  return campaign;
}

const longestFilter = 500;

interface Changing extends Pick<CampaignChange, 'id' | 'from' | 'to' | 'times'> {
  readonly kind: AuditKind;
  /** What to tell one who meets another status. */
  readonly advice: string;
}

async function changed(deps: CampaignDeps, caller: Caller, { kind, advice, ...change }: Changing): Promise<Campaign> {
  const id = parseRequestId(change.id);
  if (id === undefined) throw noSuch('campaign', change.id);
  const { rotateBy, revokeAt } = change.times ?? {};
  const details = { ...(rotateBy !== undefined && { rotateBy }), ...(revokeAt !== undefined && { revokeAt }) };
  const audit = entryOf(deps, caller, { id, kind, details });
  const outcome = await deps.inventory.changeCampaign({ ...change, id, at: audit.at, audit });
  if (outcome.kind === 'notFound') throw noSuch('campaign', id);
  if (outcome.kind === 'done') return outcome.campaign;
  throw new CaError('conflict', `The campaign ${statusInWords[outcome.campaign.status]}. ${advice}`);
}

const statusInWords: Readonly<Record<CampaignStatus, string>> = {
  collecting: 'is being started: its members are being recorded',
  running: 'runs',
  paused: 'is paused',
  abandoned: 'was abandoned',
  ended: 'has ended',
};

const entryOf = (
  { clock }: CampaignDeps,
  caller: Caller,
  {
    id,
    kind,
    details,
  }: { readonly id: string; readonly kind: AuditKind; readonly details: AuditEntry['details'] & object },
): AuditEntry => ({ at: clock.now(), kind, actor: actorOf(caller), object: `campaign:${id}`, details });

async function findCampaign(inventory: Inventory, text: string): Promise<Campaign> {
  const id = parseRequestId(text);
  const campaign = id === undefined ? undefined : await inventory.campaign(id);
  if (!campaign) throw noSuch('campaign', text);
  return campaign;
}

function wholeProgress(campaign: Campaign, counts: readonly MemberCount[], at: number): CampaignProgress {
  const byProduct = Map.groupBy(counts, ({ product }) => product);
  const failures = new Map<MemberFailure, number>();
  for (const { failure, certificates } of counts) {
    if (failure !== null) failures.set(failure, (failures.get(failure) ?? 0) + certificates);
  }
  return {
    campaign,
    at,
    progress: progressOf(campaign, counts, at),
    products: Array.from(byProduct, ([product, own]) => ({ product, ...progressOf(campaign, own, at) })),
    failures: Array.from(failures, ([reason, certificates]) => ({ reason, certificates })),
  };
}
