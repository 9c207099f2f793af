/** What the queue of writes knows of who commits them. */
import type { Batch, SettledBatch } from './writer-messages.ts';

export interface WriterEvents {
  settled(batches: readonly SettledBatch[]): void;
  /** It ended unasked, as a thread may. Of the batches that were not settled, those after `lastBegun` were not touched. */
  lost(lastBegun: number, cause: unknown): void;
}

/** Commits batches one after the other, in a thread of its own or not. */
export interface Writer {
  /** Throws DataCloneError when an act holds something that is no plain value; nothing was sent then. */
  post(batch: Batch): void;
  /** Resolves when the database is closed and nothing of it runs. */
  stop(): Promise<void>;
}

/** Rejects with StartError when it cannot open the database. `lastBegun` is where numbering stands. */
export type StartWriter = (events: WriterEvents, lastBegun: number) => Promise<Writer>;
