/**
 * Port: the part of the inventory that revokes, and keeps what the world is told of it (RFC 5280 §5). What ports/inventory.ts
 * promises holds here, too.
 */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { CertificateRecord, Revocation } from '../domain/records/certificate.ts';

/** What else was revoked because it holds the same compromised key, and whether more of it is left. */
export interface SharersOutcome {
  readonly sharers: readonly Pick<CertificateRecord, 'serial' | 'authority'>[];
  readonly areLeft: boolean;
}

/** Certificates that one act revokes because they share a key: what others wait for behind it stays short. */
export const mostSharersAtOnce = 250;

export type RevokeOutcome =
  | ({ readonly kind: 'done'; readonly record: CertificateRecord } & SharersOutcome)
  | { readonly kind: 'notFound' }
  /** Already revoked, for a reason that the new one does not outrank: domain/policy/revocation-reason.ts. */
  | { readonly kind: 'alreadyRevoked'; readonly record: CertificateRecord }
  /** Released although it is not on hold. */
  | { readonly kind: 'notHeld'; readonly record: CertificateRecord }
  /** It would take the last valid certificate of an admin. */
  | { readonly kind: 'lastAdmin' };

/** What `quarantineCertificate` found or did; `revocation` is the one in force. */
export interface QuarantineOutcome {
  readonly kind: 'done' | 'alreadyRevoked';
  readonly revocation: Revocation;
}

export interface CrlRecord {
  /** Id of the generation that signed it: see domain/records/generation.ts. */
  readonly authority: string;
  /** Grows with each list; of one made elsewhere it only counts them, whose own number may be wider or none. */
  readonly crlNumber: number;
  /** Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly der: Uint8Array;
}

/** One line of a CRL. Closed intents are here too: their serial may have been signed. */
export interface RevokedEntry extends Revocation {
  readonly serial: string;
  /** Unix seconds. */
  readonly notAfter: number;
}

export interface RevocationStore {
  /**
   * Judged with the act: an admin with a valid certificate is left. keyCompromise also blocks the key for good, and revokes
   * alike whatever else of a product or operator holds it and has not ended, held, too; open intents are closed. Of the owner
   * `sharersOf` alone, if one is given. Each has an event of the actor of `audit`. Of many, `mostSharersAtOnce` go with the act;
   * that the others follow is recorded with it.
   */
  revokeCertificate(revoking: {
    serial: string;
    revocation: Revocation;
    sharersOf?: string;
    audit: AuditEntry;
  }): Promise<RevokeOutcome>;
  /** The next of those that `revokeCertificate` left, with events of Unix millisecond `at`; none for any other serial. */
  revokeSharers(revoking: { serial: string; at: number }): Promise<SharersOutcome>;
  /** Serials whose `revokeCertificate` left some. */
  unfinishedCompromises(): Promise<readonly string[]>;
  /**
   * Revokes what a generation signed and the inventory does not have, as after a restore: its serial is on the lists until
   * `listedUntil` (Unix seconds). keyCompromise also blocks its key for good. A reason that does not outrank the earlier one
   * changes nothing, but for the key of what is known from a list alone.
   */
  quarantineCertificate(quarantining: {
    generation: string;
    serial: string;
    listedUntil: number;
    keySha256: string;
    revocation: Revocation;
    audit: AuditEntry;
  }): Promise<QuarantineOutcome>;
  releaseCertificate(releasing: { serial: string; audit: AuditEntry }): Promise<RevokeOutcome>;
  /** Serials of predecessors that were due to be revoked by Unix second `now`, the longest due first. */
  dueSupersessions(now: number, limit: number): Promise<readonly string[]>;
  /**
   * Revokes a predecessor that was planned to be as `superseded` at Unix second `at`, and forgets the plan. Undefined, and
   * nothing is revoked, if there was no plan, if it is revoked already, or if its successor is not good: nothing replaces it.
   * While the successor is on hold the plan is kept, for an hour later.
   */
  supersedeCertificate(superseding: {
    serial: string;
    at: number;
    audit: AuditEntry;
  }): Promise<CertificateRecord | undefined>;
  /**
   * Revoked certificates and quarantined serials not expired at `unexpiredAt` (Unix seconds), by serial ascending: of a
   * generation of an authority, by its id. What no generation is known to have signed is on the lists of all.
   */
  revokedEntries(generation: string, unexpiredAt: number): Promise<readonly RevokedEntry[]>;
  /** Rejects with `conflict` unless crlNumber is greater than every earlier one of the generation. */
  recordCrl(crl: CrlRecord, audit: AuditEntry): Promise<void>;
  latestCrl(generation: string): Promise<CrlRecord | undefined>;
  /** The revocation of a serial that is quarantined: revoked as one of the generation's, but not in the inventory. */
  quarantined(generation: string, serial: string): Promise<Revocation | undefined>;
}
