/** What a backup or restore tells the person who asked for it, while it runs and at its end. */
import type { BackupManifest } from './manifest.ts';

/** Called often; it may throw, which ends the act and cleans up after it. */
export type OnProgress = (progress: Progress) => void;

export interface Progress {
  /** Begins a sentence: `Copying the database`. */
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

export interface BackupReport {
  /** Absolute path. */
  readonly file: string;
  /** Octets of the file. */
  readonly size: number;
  /** Hex, of the whole file. */
  readonly sha256: string;
  readonly manifest: BackupManifest;
  /** Null when the audit log has the event `service.backedUp`; otherwise a sentence that says why not. */
  readonly notAudited: string | null;
}

export interface RestoreReport {
  /** Absolute path of the home. */
  readonly home: string;
  readonly manifest: BackupManifest;
  readonly lists: readonly RestoredList[];
  /** Authorities of which lists show that they got other keys after the backup. */
  readonly later: readonly LaterKeys[];
  /** Lists that tell this restore nothing. */
  readonly aside: readonly ListAside[];
  /** Generations that are signed elsewhere and had no certificate yet: if they got one after the backup, there may be a list. */
  readonly waiting: readonly string[];
  /** Authorities whose newest list was admitted to be lost. */
  readonly withoutCrl: readonly string[];
  /** Of these no list tells what was revoked after the backup. */
  readonly unlisted: readonly UnlistedGeneration[];
  /** Generations of authorities that were compromised after the backup, by their ids: they sign no certificates. */
  readonly compromised: readonly string[];
  /** The same of those that had not come into force at the backup: the rotation to each is to be abandoned. */
  readonly compromisedComing: readonly string[];
  /** Ids of campaigns that ran when the backup was made and would revoke: they are paused. */
  readonly paused: readonly string[];
  /** True unless asked to keep them: enrolment tokens ended with the restore. */
  readonly tokensEnded: boolean;
}

/** A generation that had retired: its last list is final, and older than the backup. */
export interface UnlistedGeneration {
  readonly authority: string;
  /** How many of its certificates the backup calls good; at least so many where they are very many. */
  readonly good: number;
}

/** Keys that an authority got after the backup: its rotation then is lost, and what they signed is unknown. */
export interface LaterKeys {
  readonly authority: string;
  /** The generations up to this number are taken. */
  readonly upTo: number;
  readonly files: readonly string[];
}

export interface ListAside {
  readonly file: string;
  /** For people. */
  readonly issuer: string;
  /** The one elsewhere that published it; null for one that the backup does not know. */
  readonly authority: string | null;
}

/** What the newest list of an authority brought in. */
export interface RestoredList {
  readonly authority: string;
  readonly crlNumber: number;
  /** Unix seconds. */
  readonly thisUpdate: number;
  /** Its nextUpdate has passed: unless the service was away by then, there is a newer one. */
  readonly isOver: boolean;
  /** Certificates of the backup that were revoked after it, and are revoked again now. */
  readonly revoked: number;
  /** Serials on the list that the backup does not know; they stay listed as revoked. */
  readonly quarantined: number;
}
