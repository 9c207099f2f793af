/** Campaigns: everything that matches a filter is to be rotated by a time, and perhaps revoked at a later one. */

/** `collecting`: its members are being recorded; `abandoned` and `ended` are ends. */
export type CampaignStatus = 'collecting' | 'running' | 'paused' | 'abandoned' | 'ended';

/** Which certificates: filters combine with AND, times in Unix seconds, bounds left out. At least one is there. */
export interface CampaignFilter {
  readonly environment?: readonly string[];
  /** Product ids. */
  readonly owner?: readonly string[];
  readonly profile?: readonly string[];
  readonly authority?: readonly string[];
  readonly issuerSerial?: string;
  /** Exact, or `*.suffix`. */
  readonly name?: string;
  readonly keySha256?: string;
  readonly notAfterBefore?: number;
  readonly notAfterAfter?: number;
  readonly issuedBefore?: number;
  readonly issuedAfter?: number;
  readonly requestedBy?: string;
  readonly text?: string;
}

/** What an operator asks for. Times in Unix seconds. */
export interface CampaignOrder {
  readonly filter: CampaignFilter;
  readonly rotateBy: number;
  /** Null: the members are left as they are. */
  readonly revokeAt: number | null;
  /** Printable; empty without one. */
  readonly description: string;
}

export interface Campaign extends CampaignOrder {
  /** UUID of version 7. */
  readonly id: string;
  readonly status: CampaignStatus;
  /** Unix milliseconds; what was requested later is no member. */
  readonly startedAt: number;
  readonly startedBy: string;
  readonly endedAt: number | null;
  /** How many matched when it was started, and how many of them are recorded. */
  readonly expected: number;
  readonly members: number;
  /** Unix seconds: from here to `rotateBy` the windows of its members are spread. */
  readonly spreadFrom: number;
}

/** What became of a member: `proved` when a handshake showed the successor everywhere it is deployed. */
export type MemberState = 'waiting' | 'rotated' | 'proved' | 'failed';

/** Why a member failed: it, or its successor, was revoked; a target refused the successor; it expired. */
export type MemberFailure = 'revoked' | 'successorRevoked' | 'deploymentFailed' | 'expired';

/** One member: what became of it, and what is known of its certificate. */
export interface CampaignMember {
  /** 1, 2, 3, ... in the order of requests. */
  readonly position: number;
  readonly serial: string;
  readonly product: string;
  readonly state: MemberState;
  /** Null unless `failed`. */
  readonly failure: MemberFailure | null;
  /** Its first name, or its subject when it has none. */
  readonly name: string;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly successor: string | null;
}

/** How many members of one product are in one state. */
export interface MemberCount {
  readonly product: string;
  readonly state: MemberState;
  /** Null unless `failed`. */
  readonly failure: MemberFailure | null;
  readonly certificates: number;
}

/** The place of a certificate in a campaign that is running or paused. */
export interface CampaignTurn extends Pick<Campaign, 'spreadFrom' | 'rotateBy'> {
  readonly status: 'running' | 'paused';
  /** 1, 2, 3, ... in the order of requests. */
  readonly position: number;
}
