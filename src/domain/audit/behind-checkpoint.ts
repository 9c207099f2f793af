/** Whether a log still reaches a checkpoint that was signed over it. */
import type { Checkpoint } from './checkpoint.ts';
import type { KeptEvent } from './kept-event.ts';

/** The first event and the newest. */
export interface LogEnds {
  readonly first: Pick<KeptEvent, 'hash'>;
  readonly newest: Pick<KeptEvent, 'seq'>;
}

/**
 * What is wrong, in words, undefined where it does: events are durable before they are signed, so a log that ends before its
 * checkpoint was put in the place of the right one. `ends` is undefined of an empty log.
 */
export function behindCheckpoint(ends: LogEnds | undefined, { log, seq }: Checkpoint): string | undefined {
  if (ends && ends.first.hash === log && ends.newest.seq >= seq) return undefined;
  const end = ends ? `ends with event ${ends.newest.seq}` : 'is empty';
  const found = ends && ends.first.hash !== log ? `is another, which ${end}` : end;
  return `the audit log of privyseal.db ${found}, but audit/checkpoint was signed over event ${seq}`;
}

/** What to do about it, where the home is. */
export const afterExchange = (home: string): string =>
  'An older database, or another, was put in its place, and what was revoked since would be good again. Put the right one back, ' +
  `or restore a backup into an empty home (docs/backup.md). If this one is to stay, move ${home}/audit/checkpoint away.`;
