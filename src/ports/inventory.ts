/**
 * Port: the record of everything issued. The same contract suite, test/contracts/inventory, runs on every adapter.
 *
 * Atomicity: each write method is one act: all of it and its audit entries, or nothing.
 * Durability: when a write resolves, it survives power loss; writes that arrive together share one commit.
 * Plain values only: arguments and results could cross a process boundary.
 * Retries: a write that rejected with `inventoryUnavailable` was not done and may be repeated.
 * Errors: CaError `inventoryUnavailable` (full disk, locked, read-only: with retryAfterSeconds), `overloaded` when the queue
 * of writes is full, `conflict` where a create meets an existing name. Expected outcomes are values, not errors.
 */

import type { KeptEvent } from '../domain/audit/kept-event.ts';
import type { Profile } from '../domain/policy/profile.ts';
import type { AuditEntry, AuditEvent } from '../domain/records/audit-event.ts';
import type { CertificateDetails, CertificateRecord, Revocation } from '../domain/records/certificate.ts';
import type {
  EnrolmentToken,
  Environment,
  Operator,
  OperatorRole,
  Product,
  ProductVersion,
} from '../domain/records/environment.ts';
import type { AlertStore } from './alert-store.ts';
import type { AuthorityStore } from './authority-store.ts';
import type { CampaignStore } from './campaign-store.ts';
import type { DeploymentStore } from './deployment-store.ts';
import type { ExternalStore } from './external-store.ts';
import type {
  AskedExpiring,
  CertificateFilter,
  CertificateQuery,
  ExpiringCounts,
  InventorySummary,
  MatchCount,
  RenderedPage,
} from './inventory-questions.ts';
import type { IdempotencyKey, KeyBlock, Stop, StopOf } from './issuance-conditions.ts';
import type { RequestStore } from './request-store.ts';
import type { CrlRecord, RevocationStore } from './revocation-store.ts';

/**
 * The operator a certificate is for. `known`: must exist. `new`: must not, and comes to be with the certificate, so that
 * neither is ever there without the other. `recovered`: is from then on what `operator` says, whatever was before.
 */
export type OperatorHolder = (
  | { readonly kind: 'known' }
  | { readonly kind: 'new' | 'recovered'; readonly operator: Operator; readonly audit: AuditEntry }
) &
  ByAdmin;

/**
 * Who does it, if an operator does: `unauthorized` unless that one is an admin in the transaction itself. What somebody had under
 * way when losing the role does not outlive it. For a further certificate of its own an operator needs no role.
 */
interface ByAdmin {
  readonly by?: string;
}

export interface IssuanceIntent {
  readonly certificate: CertificateDetails;
  /** Hex SHA-256 of the exact tbsCertificate that will be signed. */
  readonly tbsSha256: string;
  /** Consumes one use; refused as an outcome when the token has none left or is past its time. */
  readonly tokenId?: string;
  /** Binds this issuance to an Idempotency-Key. */
  readonly idempotency?: IdempotencyKey;
  /** Id of the approved request that this issues: it is issued with the certificate, or waits again when the intent is closed. */
  readonly request?: string;
  /** Judged here before anything is signed; what it brings comes to be in `recordIssued`. Its key must be a fresh one. */
  readonly holder?: OperatorHolder;
  /**
   * At most so many certificates of this owner, requested since then (Unix ms), this one included; closed intents do not count.
   * Judged with the intent, after everything else, so that no number of requests at once gets more.
   */
  readonly quota?: { readonly certificates: number; readonly since: number };
  readonly audit: AuditEntry;
}

export type IntentOutcome =
  | { readonly kind: 'recorded' }
  /** `replay` also when the request was taken up before. */
  | Stop
  | { readonly kind: 'quotaUsedUp' }
  /** There is no such request, or it is pending, denied or expired. */
  | { readonly kind: 'requestNotApproved' };

/** `serials`: the operator's certificates that are good now, whose connections may not go on as they are. */
export type RoleOutcome =
  | { readonly kind: 'done'; readonly operator: Operator; readonly serials: readonly string[] }
  | { readonly kind: 'unchanged'; readonly operator: Operator }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'lastAdmin' };

export type RemoveOperatorOutcome =
  | { readonly kind: 'done'; readonly revoked: readonly string[] }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'lastAdmin' };

/** `hasCertificates`: so many are good, on hold or being issued; nothing was removed. */
export type RemoveProductOutcome =
  /** Ids of what ended with it. */
  | { readonly kind: 'removed'; readonly tokens: readonly string[]; readonly requests: readonly string[] }
  | { readonly kind: 'notFound' }
  | { readonly kind: 'hasCertificates'; readonly live: number };

/** The next names or ids in ascending order: those above `after`, at most `limit`. */
export interface PageQuery {
  readonly after?: string;
  readonly limit: number;
}

/** A revocation that a restore takes from a list that is newer than its backup. */
export interface RestoredRevocation {
  /** Id of the generation whose list it is. */
  readonly authority: string;
  readonly serial: string;
  readonly revocation: Revocation;
  readonly audit: AuditEntry;
}

/** What a restore adds to the inventory of its backup. */
export interface Restoration {
  /** `service.restored`; appended before the entries of what follows. */
  readonly audit: AuditEntry;
  /**
   * Of certificates in the inventory, which this revokes whatever they are: held, or an open intent. After `keyCompromise` also
   * what else its owner has with the key: the first of them, and `revokeSharers` the others.
   */
  readonly revoked: readonly RestoredRevocation[];
  /** Of serials that the inventory does not know, listed until this Unix second. */
  readonly quarantined: readonly (RestoredRevocation & { readonly listedUntil: number })[];
  /** Ids of generations that were given up since: marked as compromised. */
  readonly compromised: readonly { readonly generation: string; readonly audit: AuditEntry }[];
  /** The newest list of each authority; replaces an older one. */
  readonly crls: readonly CrlRecord[];
  /** Enrolment tokens end at this Unix millisecond at the latest; null leaves them. */
  readonly tokensEndAt: number | null;
}

/** What may go to the archive. */
export interface ArchivableQuery {
  /** Unix seconds: only what expired before. */
  readonly expiredBefore: number;
  /** A revoked one stays until its authority has published a list made so long after its end (RFC 5280 §3.3). */
  readonly crlLifetimeSeconds: number;
  readonly limit: number;
}

/** Filters combine with AND; an absent one does not filter. Bounds are exclusive, times in Unix milliseconds. */
export interface AuditQuery {
  readonly actor?: string;
  readonly object?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly atAfter?: number;
  readonly atBefore?: number;
  readonly seqAfter?: number;
  readonly seqBefore?: number;
  readonly sort: 'seq' | '-seq';
  readonly limit: number;
}

/** Which key of which vault signs checkpoints, with the certificate that `system` gave it. */
export interface AuditKey {
  readonly vault: string;
  readonly vaultKey: string;
  readonly certificateSerial: string;
  readonly certificateDer: Uint8Array;
}

export interface CheckpointRecord {
  /** The event that the checkpoint is of. */
  readonly seq: number;
  /** Text and signature: domain/audit/checkpoint.ts. */
  readonly note: string;
  readonly certificateDer: Uint8Array;
}

export interface InventoryCounts {
  /** The archived ones among them. */
  readonly certificates: number;
  readonly archived: number;
  readonly intents: number;
  readonly revoked: number;
  readonly auditEvents: number;
}

/** How much waits for the inventory in this process. */
export interface InventoryLoad {
  /** Writes accepted and not durable yet. */
  readonly pendingWrites: number;
  /** Writes accepted since the inventory was opened, those that wait included. */
  readonly acceptedWrites: number;
  readonly waitingSearches: number;
}

/** Products' certificates that are good, of one product, that end in one band of days from now. */
export interface ExpiryCount {
  /** A product id. */
  readonly owner: string;
  /** Index of the first of the asked bounds that is later than the end; their number for what ends after all of them. */
  readonly band: number;
  readonly certificates: number;
  /** Those among them that nothing follows yet. */
  readonly withoutSuccessor: number;
}

export interface Inventory
  extends AuthorityStore,
    RequestStore,
    DeploymentStore,
    CampaignStore,
    AlertStore,
    ExternalStore,
    RevocationStore {
  // --- issuance -------------------------------------------------------------------------------------------------------
  /**
   * Makes the serial, what will be signed, the token use and the audit entry durable, before anything is signed. Rejects
   * with `conflict` when a new operator exists, with `notFound` when a known one does not, with `unauthorized` when the product
   * was removed or who adds the operator is no admin any more.
   */
  recordIntent(intent: IssuanceIntent): Promise<IntentOutcome>;
  /**
   * Makes the signed certificate durable, and the operator that comes with it; rejects with `conflict` unless the serial
   * is an open intent of the last 24 h, and when a new operator exists by now; with `unauthorized` when who adds it is no
   * admin any more; with `signerUnavailable` a product's or an operator's certificate whose issuer was compromised or retired
   * since the intent.
   */
  recordIssued(issued: {
    serial: string;
    certificateDer: Uint8Array;
    issuedAt: number;
    holder?: OperatorHolder;
    /** At this Unix second its predecessor is due to be revoked as superseded; nothing is planned for one that ends before. */
    supersedesAt?: number;
    audit: AuditEntry;
  }): Promise<void>;
  /**
   * Closes an open intent as revoked (cessationOfOperation) at Unix millisecond `at`; gives its token use back and forgets
   * its Idempotency-Key and that it follows its predecessor. False if it was not open.
   */
  closeIntent(closing: { serial: string; at: number; audit: AuditEntry }): Promise<boolean>;
  /** Open intents requested before this Unix millisecond. */
  unfinishedIntents(before: number): Promise<readonly CertificateRecord[]>;

  /** How an intent with this key would be answered at Unix millisecond `at` for the key alone; undefined if it was not used. */
  idempotentOutcome(
    key: IdempotencyKey,
    at: number,
  ): Promise<StopOf<'replay' | 'replayRequest' | 'idempotencyConflict'> | undefined>;

  // --- certificates ---------------------------------------------------------------------------------------------------
  certificate(serial: string): Promise<CertificateRecord | undefined>;
  certificateDer(serial: string): Promise<Uint8Array | undefined>;
  searchCertificates(query: CertificateQuery): Promise<readonly CertificateRecord[]>;
  /**
   * A page of the same as text: what the renderer called `form`, given when the inventory was opened, makes of each record.
   * `memory`, that of an earlier page, is taken away at once, and used again for this one or a later one.
   */
  renderCertificates(query: CertificateQuery, form: string, memory?: ArrayBuffer): Promise<RenderedPage>;
  /** Counts without end where that is cheap, else until 20,000 certificates were looked at. */
  countMatches(filter: CertificateFilter, now: number): Promise<MatchCount>;
  /** Counts by what certificates are, of all or of one environment, at Unix second `now`. */
  summary(now: number, environment?: string): Promise<InventorySummary>;
  /** The products' good certificates that expire from Unix second `now` on, before `until`: kept with every change, not read. */
  expiring(asked: AskedExpiring): Promise<ExpiringCounts>;
  /**
   * Does a bounded part of what searches and summaries else read anew each time: indexes new names, counts what has expired
   * by Unix second `now`. True when there is more to do.
   */
  catchUp(now: number): Promise<boolean>;
  /** Why no certificate may be issued for this key: it is an authority's or operator's, or revoked for compromise. */
  keyBlock(keySha256: string): Promise<KeyBlock | undefined>;

  // --- the archive: `certificate`, `certificateDer`, revoking and lists know what is in it, searches do not ---------------
  /** Serials, the longest expired first: no authority's own certificate, no open intent, nothing that a list still owes. */
  archivable(query: ArchivableQuery): Promise<readonly string[]>;
  /** Moves all of them; rejects with `conflict`, moving none, if one is unknown, archived already, an intent or an authority's. */
  archiveCertificates(archiving: { serials: readonly string[]; audit: AuditEntry }): Promise<void>;

  // --- restoring ------------------------------------------------------------------------------------------------------
  /** Ends a restore; only on an inventory that nobody else uses. */
  recordRestoration(restoration: Restoration): Promise<void>;

  // --- environments, products, tokens, operators ------------------------------------------------------------
  createEnvironment(environment: Environment, profiles: readonly Profile[], audit: AuditEntry): Promise<void>;
  environments(): Promise<readonly Environment[]>;
  /** The newest version of each profile of an environment, by name. */
  profiles(environment: string): Promise<readonly Profile[]>;
  /** A version, or the newest one. */
  profileVersion(environment: string, name: string, version?: number): Promise<Profile | undefined>;
  /** Version 1; `conflict` if the environment has a profile of that name. */
  createProfile(profile: Profile, audit: AuditEntry): Promise<void>;
  /** A new version: `conflict` unless it follows the newest, `notFound` unless there is one. */
  changeProfile(profile: Profile, audit: AuditEntry): Promise<void>;
  /** Version 1, or the version after the newest of a product that was removed; `conflict` if it exists. */
  createProduct(product: Product, audit: AuditEntry): Promise<void>;
  /** A new version: `conflict` unless it follows the newest, `notFound` unless there is such a product. */
  changeProduct(product: Product, audit: AuditEntry): Promise<void>;
  /**
   * Ends the product and its tokens at Unix millisecond `at`, and denies its open requests in the name of `operator`, each with an event
   * `request.denied`; its versions stay. `conflict` unless `version` is the newest.
   */
  removeProduct(removing: {
    id: string;
    version: number;
    at: number;
    operator: string;
    audit: AuditEntry;
  }): Promise<RemoveProductOutcome>;
  /** As it is now; undefined once it is removed. */
  product(id: string): Promise<Product | undefined>;
  /** A version, or the newest one, whether or not the product was removed. */
  productVersion(id: string, version?: number): Promise<ProductVersion | undefined>;
  /** By id, without those that were removed. */
  products(query: PageQuery & { readonly environment?: string }): Promise<readonly Product[]>;
  /** `notFound` unless its product exists. */
  createToken(token: EnrolmentToken, audit: AuditEntry): Promise<void>;
  /** False if there is none. */
  removeToken(id: string, audit: AuditEntry): Promise<boolean>;
  token(id: string): Promise<EnrolmentToken | undefined>;
  /** By id. */
  tokens(query: PageQuery & { readonly product?: string }): Promise<readonly EnrolmentToken[]>;
  createOperator(operator: Operator, audit: AuditEntry): Promise<void>;
  operator(name: string): Promise<Operator | undefined>;
  operators(): Promise<readonly Operator[]>;
  /** `now` in Unix seconds. Of two admins that demote each other at once, one is left. An auditor’s approvals end as with a removal. */
  setOperatorRole(
    change: { name: string; role: OperatorRole; now: number; audit: AuditEntry } & ByAdmin,
  ): Promise<RoleOutcome>;
  /**
   * Removes the operator and revokes, in the same act, every certificate of it that is not revoked for good: held and
   * expired ones, too, and what is about to be issued, so that none comes to life under an operator of the same name.
   * Each has an event `certificate.revoked` of the same time and actor as `audit`. Its approvals end as ports/request-store.ts says.
   */
  removeOperator(
    removing: { name: string; revocation: Revocation; audit: AuditEntry } & ByAdmin,
  ): Promise<RemoveOperatorOutcome>;

  // --- audit log -------------------------------------------------------------------------------------------------------
  appendAudit(entry: AuditEntry): Promise<void>;
  /** Events after `seq`, ascending. */
  auditEvents(afterSeq: number, limit: number): Promise<readonly AuditEvent[]>;
  /** The events that match, as they are kept, in the order of their numbers. */
  searchAuditEvents(query: AuditQuery): Promise<readonly KeptEvent[]>;
  /** The first and the newest event; undefined while there is none. */
  auditEnds(): Promise<{ readonly first: KeptEvent; readonly newest: KeptEvent } | undefined>;
  /** From now on this key signs checkpoints; rejects with `conflict` for a key or certificate that is known. */
  addAuditKey(key: AuditKey, audit: AuditEntry): Promise<void>;
  /** The key in force: the one that was added last. */
  auditKey(): Promise<AuditKey | undefined>;
  /**
   * Keeps a checkpoint signed by the key with this certificate. No audit event tells of it, or each would call for another.
   * Rejects with `conflict` unless it is of an event that is there, after that of every earlier checkpoint.
   */
  recordCheckpoint(checkpoint: { seq: number; note: string; certificateSerial: string }): Promise<void>;
  latestCheckpoint(): Promise<CheckpointRecord | undefined>;

  // --- the store itself --------------------------------------------------------------------------------------------------
  /** Small named values of the service (`firstRunCompletedAt`, `cursorKey`); set is durable like any write. */
  setting(name: string): Promise<string | undefined>;
  setSetting(name: string, value: string): Promise<void>;
  counts(): Promise<InventoryCounts>;
  /** Answers at once, also while the store is busy. */
  load(): Promise<InventoryLoad>;
  /**
   * Reads the whole inventory, however long that takes, a little at a time: others wait no longer than for one search. What
   * changes meanwhile may be counted or not. `now` in Unix seconds, `boundsDays` ascending.
   */
  expiryCounts(asked: { now: number; boundsDays: readonly number[] }): Promise<readonly ExpiryCount[]>;
  /** Unix milliseconds of the newest audit event: the latest time this inventory has seen. */
  latestTime(): Promise<number>;
  /** Proves that a write is possible now. */
  check(): Promise<void>;
  /** Finishes accepted writes, then closes. Searches that are not answered yet reject with `stopping`. */
  close(): Promise<void>;
}
