/** What a change of the file vault's passphrase, or its splitting, did, as the person who made it is told. */

/** Where a passphrase was taken from; `given`: for this act alone, on the console or in a file that was named. */
export type PassphraseSource = 'environment' | 'file' | 'credential' | 'home' | 'shares' | 'given';

/** What either does to the files of the vault; those are named by their paths. */
export interface VaultFilesChange {
  /** Folder of the vault. */
  readonly vault: string;
  /** How many keys were sealed anew. */
  readonly keys: number;
  readonly written: readonly string[];
  /** Those that went with the old passphrase. */
  readonly removed: readonly string[];
  /** Keys that the inventory names and the vault does not hold; null where the inventory cannot be read. */
  readonly missing: readonly MissingKey[] | null;
}

export interface MissingKey {
  readonly authority: string;
  readonly file: string;
}

export interface PassphraseChange extends VaultFilesChange {
  /** Where the old passphrase came from: the next start would look there, too. */
  readonly source: PassphraseSource;
  /** Where the new passphrase lies in the home; null if it does not. */
  readonly keptIn: string | null;
  /** Why the audit log has no event of it; null if it has. */
  readonly notAudited: string | null;
}

/** The shares of a passphrase, each a secret of its holder. */
export interface ShareHandout {
  /** Stands in every share and in the vault, so that a foreign share is named. */
  readonly set: string;
  readonly threshold: number;
  /** One line of text each. */
  readonly shares: readonly string[];
}

/** What a share from before is worth; `cutShort`: of a split that ended before anything changed. */
export interface EarlierShare {
  readonly set: string;
  readonly standing: 'inForce' | 'cutShort' | 'other';
}

/** Of a line of text; undefined when it is no whole share. */
export type JudgeShare = (line: string) => EarlierShare | undefined;

/** Takes the shares, and knows those that lie where they are to go. */
export type DeliverShares = (handout: ShareHandout, judge: JudgeShare) => Promise<void>;

export interface PassphraseSplit extends VaultFilesChange {
  readonly set: string;
  readonly shares: number;
  readonly threshold: number;
  /** False when the passphrase stayed as it was. */
  readonly fresh: boolean;
  readonly source: PassphraseSource;
  readonly notAudited: string | null;
}
