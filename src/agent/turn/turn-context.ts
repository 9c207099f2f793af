/** What one turn of a target works with. */

import type { AnonymousAccess } from '../anonymous-access.ts';
import type { AgentFile, TargetConfig } from '../config/agent-schema.ts';
import type { SetStore } from '../files/set-store.ts';
import type { ServiceAccess } from '../service-access.ts';
import type { TargetState } from '../state/target-state.ts';

/** The world, so that tests can have one of their own. */
export interface Surroundings {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Ends waiting; what is being switched is switched to its end. */
  readonly signal: AbortSignal;
  readonly log: (entry: LogEntry) => void;
}

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly target?: string;
  readonly message: string;
}

export interface TurnContext extends Surroundings {
  readonly file: AgentFile;
  readonly target: TargetConfig;
  readonly store: SetStore;
  readonly state: TargetState;
  readonly access: ServiceAccess;
  readonly shared: AnonymousAccess;
  /** True: the service is asked no sooner than it wants to be. A person who runs a turn wants to know now. */
  readonly patient: boolean;
}
