/** Copies the log into the database while the writer goes on: a commit that does it holds all the others up for 20 ms. */
import { crowdThread } from '../../threads/crowd-thread.ts';
import type { ConnectionOptions } from '../connection.ts';

/** The log is copied once it has this many pages: a page that many commits changed is copied only once (ADR 0006 has figures). */
const copyFromPages = 8000;
/** When the next copy is due within this time, commits come in crowds: those are worth a thread. */
const crowdMs = 4000;

/** The log as the writer's connection sees it (https://sqlite.org/wal.html#ckpt). Both may throw SqliteError. */
export interface WriteAheadLog {
  /** Pages in it, those that were copied already among them. */
  pages(): number;
  /** Copies what no reader holds back. When that is everything, the next commit begins the log anew. */
  checkpoint(): void;
}

export interface Checkpointer {
  /** To be called after a commit was answered. */
  look(): void;
  /** Resolves when nothing of it runs. */
  close(): Promise<void>;
}

/** `options` are those of a connection of the thread's own. */
export function openCheckpointer(options: ConnectionOptions, log: WriteAheadLog): Checkpointer {
  const entry = new URL('./checkpoint-worker.ts', import.meta.url);
  const thread = crowdThread<ConnectionOptions, 'copied'>(entry, { threadFrom: 1, idleMs: 30_000 });
  let copyFrom = copyFromPages;
  let copiedAt = Number.NEGATIVE_INFINITY;
  let isLooking = false;

  const copyWhenDue = async (): Promise<void> => {
    const pages = log.pages();
    // The log has begun anew.
    if (pages < copyFrom - copyFromPages) copyFrom = copyFromPages;
    if (pages < copyFrom) return;
    // Where there is no thread, what follows copies everything.
    if (performance.now() - copiedAt < crowdMs) await thread.ask(options, async () => 'copied');
    // What was committed while the thread copied: little, and the log can only begin anew when it is copied, too.
    log.checkpoint();
    copiedAt = performance.now();
    // A reader may hold pages back; they are tried again when there are as many more.
    copyFrom = log.pages() + copyFromPages;
  };

  return {
    look() {
      if (isLooking) return;
      isLooking = true;
      void copyWhenDue()
        .catch(leaveIt)
        .finally(() => {
          isLooking = false;
        });
    },
    close: () => thread.close(),
  };
}

/** What a full or failing disk keeps from being copied stays in the log; the next commit meets the disk, and says so. */
const leaveIt = (): void => undefined;
