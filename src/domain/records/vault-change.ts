/** What a change of the file vault's passphrase, or its splitting, did, as the person who made it is told. */

/** Where a passphrase was taken from; `given`: for this act alone, on the console or in a file that was named. */
export type PassphraseSource = 'environment' | 'file' | 'credential' | 'home' | 'shares' | 'given';

export interface PassphraseChange {
  /** Folder of the vault. */
  readonly vault: string;
  /** How many keys were sealed anew. */
  readonly keys: number;
  /** Where the old passphrase came from: the next start would look there, too. */
  readonly source: PassphraseSource;
  /** Where the new passphrase lies in the home; null if it does not. */
  readonly keptIn: string | null;
  /** Files of the vault that went with the old passphrase. */
  readonly removed: readonly string[];
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

export interface PassphraseSplit {
  readonly vault: string;
  readonly set: string;
  readonly shares: number;
  readonly threshold: number;
  /** False when the passphrase stayed as it was. */
  readonly fresh: boolean;
  readonly keys: number;
  readonly source: PassphraseSource;
  readonly removed: readonly string[];
  readonly notAudited: string | null;
}
