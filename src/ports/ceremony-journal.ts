/** Port: where the journal of an offline root is kept. */

export interface CeremonyJournal {
  /** Whole lines, without their line feeds; empty before the first. */
  lines(): Promise<readonly string[]>;
  /** Durable when it resolves: what a line tells of may then leave the machine. */
  append(line: string): Promise<void>;
}
