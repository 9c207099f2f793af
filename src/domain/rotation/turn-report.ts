/** What the rotation agent did, or would do, for one target in one turn. */
import type { TargetStatus } from './target-status.ts';

/** What a turn comes down to. */
export type TurnAct =
  | 'enrolled' // a first certificate, with the token
  | 'rotated'
  | 'refreshed' // the same certificate with newer CRLs or roots, or with other files
  | 'activated' // a set that was written before is now in use
  | 'waiting' // a request waits for approval
  | 'unchanged'
  | 'failed';

export interface TurnReport {
  readonly target: string;
  readonly act: TurnAct;
  /** In words: what was done and why, or what stood in the way. */
  readonly detail: string;
  /** With `failed`: stable, for scripts. */
  readonly code?: string;
  readonly status: TargetStatus;
}

/** How the verb was called. */
export interface RotateOptions {
  readonly file: string;
  /** None: all of the file. */
  readonly targets: readonly string[];
  readonly force: boolean;
  readonly dryRun: boolean;
}
