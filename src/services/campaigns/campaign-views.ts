/** What the faces may ask about campaigns, and what they are shown. */
import type {
  Campaign,
  CampaignMember,
  CampaignOrder,
  MemberFailure,
  MemberState,
} from '../../domain/records/campaign.ts';
import type { Caller } from '../caller.ts';
import type { ProductCount } from '../inventory/product-counts.ts';
import type { PageInput, RegistryPage } from '../registry/registry-services.ts';

/** What a campaign would be, without starting it. */
export interface CampaignPlan extends CampaignOrder {
  /** Unix seconds. */
  readonly at: number;
  readonly certificates: number;
  /** The largest first. */
  readonly products: readonly ProductCount[];
  /** Rotations by time, if every certificate is rotated in the middle of its window; Unix seconds. */
  readonly load: readonly { readonly from: number; readonly until: number; readonly rotations: number }[];
  /** Of any hour. */
  readonly mostPerHour: number;
}

/** Members by what became of them; each is in one of these. */
export interface Progress {
  readonly waiting: number;
  /** They wait, although their time is over. */
  readonly overdue: number;
  /** Followed by a successor of which no handshake is reported yet. */
  readonly rotated: number;
  readonly proved: number;
  readonly failed: number;
}

export interface CampaignView {
  readonly campaign: Campaign;
  readonly progress: Progress;
}

export interface CampaignProgress extends CampaignView {
  /** Unix seconds. */
  readonly at: number;
  readonly products: readonly ({ readonly product: string } & Progress)[];
  readonly failures: readonly { readonly reason: MemberFailure; readonly certificates: number }[];
}

/** As it is shown: who waits although the time is over is overdue. */
export type ShownMemberState = MemberState | 'overdue';

export interface MemberView extends Omit<CampaignMember, 'state'> {
  readonly state: ShownMemberState;
}

export interface MemberListInput extends PageInput {
  /** Any of them; absent: all. */
  readonly states?: readonly ShownMemberState[];
  readonly products?: readonly string[];
}

/** All throw CaError; ids come as text, bodies raw: one parser judges each whole. */
export interface CampaignServices {
  /** `policyRefused` with every reason; changes nothing. */
  planCampaign(raw: unknown): Promise<CampaignPlan>;
  /** The same, started: its members are recorded in steps from now on. */
  startCampaign(caller: Caller, raw: unknown): Promise<CampaignView>;
  /** Newest first. */
  listCampaigns(input: PageInput): Promise<RegistryPage<CampaignView>>;
  readCampaign(id: string): Promise<CampaignProgress>;
  /** In the order of requests; `malformed` for a cursor of another list. */
  listCampaignMembers(id: string, input: MemberListInput): Promise<RegistryPage<MemberView>>;
  /** Its windows are as if it were not there, and nothing is revoked; `conflict` unless it runs. */
  pauseCampaign(caller: Caller, id: string): Promise<CampaignView>;
  /** Who has not rotated yet is spread anew over what is left, or over new times in `raw`; `conflict` unless it is paused. */
  resumeCampaign(caller: Caller, id: string, raw: unknown): Promise<CampaignView>;
  /** For good; what was rotated stays so. `conflict` when it has ended. */
  abandonCampaign(caller: Caller, id: string): Promise<CampaignView>;
}
