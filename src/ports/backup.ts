/** Port: what a backup is made of, before it is one. docs/backup.md. */
import type { AuditHead, ManifestPart } from '../domain/backup/manifest.ts';

export interface BackupPart extends ManifestPart {
  /** Its content from the beginning, in pieces that are used before the next one is asked for. */
  content(): AsyncIterable<Uint8Array>;
}

/** A generation of an authority, whose key a vault still holds, as a copy of the inventory has it. */
export interface CopiedAuthority {
  /** Id of the generation. */
  readonly name: string;
  readonly vault: string;
  readonly vaultKey: string;
  /** Whether it still signs what nothing else can: a backup without its key would be of no use. */
  readonly isKeyNeeded: boolean;
  /** Its key is to be destroyed, and a restore names it with what it may not know of it. */
  readonly isRetired: boolean;
  readonly certificateDer: Uint8Array;
  readonly crlNumber: number | null;
}

/** What a copy of the inventory says of itself. */
export interface CopyFacts {
  /** The newest migration. */
  readonly schema: string;
  readonly audit: AuditHead;
  /** The newest checkpoint's text with its signature. */
  readonly checkpoint: string | null;
  readonly authorities: readonly CopiedAuthority[];
}
