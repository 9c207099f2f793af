/** Port: the part of the inventory that keeps campaigns and their members. Held to what ports/inventory.ts says of all of it. */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type {
  Campaign,
  CampaignMember,
  CampaignStatus,
  CampaignTurn,
  MemberCount,
  MemberState,
} from '../domain/records/campaign.ts';
import type { CertificateRecord } from '../domain/records/certificate.ts';

/** Up to where the members of a campaign are recorded, in the order of requests. */
export interface CollectedUpTo {
  /** Unix milliseconds. */
  readonly sortValue: number;
  readonly serial: string;
}

export interface MembersFound {
  readonly campaign: string;
  readonly members: readonly { readonly serial: string; readonly product: string }[];
  /** Where to go on; null when these were the last: then it runs, its windows spread from `at` on. */
  readonly upTo: CollectedUpTo | null;
  /** Unix milliseconds. */
  readonly at: number;
  /** Kept with the last of them. */
  readonly audit: AuditEntry;
}

export interface CampaignChange {
  readonly id: string;
  /** In any other status it is a conflict. */
  readonly from: readonly CampaignStatus[];
  readonly to: CampaignStatus;
  readonly times?: Pick<Campaign, 'rotateBy' | 'revokeAt' | 'spreadFrom'>;
  /** Unix milliseconds. */
  readonly at: number;
  readonly audit: AuditEntry;
}

export type CampaignOutcome =
  | { readonly kind: 'done'; readonly campaign: Campaign }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'conflict'; readonly campaign: Campaign };

export interface MemberQuery {
  readonly campaign: string;
  /** Any of them; absent: all. */
  readonly states?: readonly MemberState[];
  readonly products?: readonly string[];
  /** Continue after this position. */
  readonly after?: number;
  readonly limit: number;
}

/** A certificate is a member once for each campaign; what becomes of members follows from what becomes of certificates. */
export interface CampaignStore {
  createCampaign(campaign: Campaign, audit: AuditEntry): Promise<void>;
  /** Those that are members already stay as they are. False, and nothing is recorded, unless it is `collecting`. */
  recordMembers(found: MembersFound): Promise<boolean>;
  changeCampaign(change: CampaignChange): Promise<CampaignOutcome>;
  /**
   * Revokes a member of a running campaign as `superseded`, unless it is revoked, archived or has expired, and is done with
   * it: undefined when it was not revoked by this.
   */
  revokeMember(revoking: {
    campaign: string;
    serial: string;
    /** Unix seconds. */
    at: number;
    audit: AuditEntry;
  }): Promise<CertificateRecord | undefined>;
  /**
   * Fails those among so many members from a position on that wait although they have expired: nothing will follow them. Costs
   * a look-up for each, and writes nothing when there are none.
   */
  expireMembers(looking: {
    campaign: string;
    after: number;
    count: number;
    /** Unix seconds. */
    at: number;
  }): Promise<void>;
  /** Ends a running campaign of which no member waits, and none is still to be revoked; false otherwise. `at` in Unix milliseconds. */
  endCampaign(ending: { id: string; at: number; audit: AuditEntry }): Promise<boolean>;

  campaign(id: string): Promise<Campaign | undefined>;
  /** Newest first: those with a smaller id than `before`. */
  campaigns(query: { readonly before?: string; readonly limit: number }): Promise<readonly Campaign[]>;
  /** Those that are collecting or running, with how far their members are recorded. */
  campaignsUnderWay(): Promise<readonly (Campaign & { readonly collectedUpTo: CollectedUpTo | null })[]>;
  /** Costs the same however many members there are. */
  memberCounts(id: string): Promise<readonly MemberCount[]>;
  /** By position, archived certificates among them. May read every member, so nothing waits for it but its caller. */
  campaignMembers(query: MemberQuery): Promise<readonly CampaignMember[]>;
  /** Serials of members that are neither revoked nor done with. */
  membersToRevoke(id: string, limit: number): Promise<readonly string[]>;
  /** The running and paused campaigns that a certificate is a member of. */
  campaignTurns(serial: string): Promise<readonly CampaignTurn[]>;
}
