/** Port: the home, the folder whose files are part of the interface (`admin/`, `trust/`, `demo/`). */

/** With less than this free under the home, the next commits may fail. */
export const leastFreeOctets = 2 * 2 ** 20;

export interface Home {
  /** Absolute path, for messages. */
  readonly path: string;
  exists(name: string): Promise<boolean>;
  /** UTF-8 text; rejects with StartError `homeDamaged` when it cannot be read. */
  read(name: string): Promise<string>;
  /** How much this process may still write to the disk of the home. */
  freeOctets(): Promise<number>;
  /** Atomic and durable: temporary file, fsync, rename, fsync of the folder. Folders are made 0700. `mode` is 0o600 or 0o644. */
  write(name: string, content: string, mode: 0o600 | 0o644): Promise<void>;
  /** Durable; one that is not there is as good. */
  remove(name: string): Promise<void>;
}
