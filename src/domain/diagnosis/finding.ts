/** What a look at an installation finds: one sentence for each thing looked at, and what to do where it is not well. */

/** In the order they are looked at, and shown. */
export const checkNames = [
  'settings',
  'home',
  'permissions',
  'space',
  'service',
  'ports',
  'vault',
  'passphrase',
  'database',
  'clock',
  'lists',
  'certificates',
] as const;

export type CheckName = (typeof checkNames)[number];

/** `warn` is not wrong yet, or not wise; `fail` keeps the service from its work, or will. */
export type FindingState = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: CheckName;
  readonly state: FindingState;
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly next?: string;
}

const severity: Readonly<Record<FindingState, number>> = { ok: 0, warn: 1, fail: 2 };

/** `ok` if there is none. */
export const worstState = (findings: readonly Finding[]): FindingState =>
  findings.reduce<FindingState>((worst, { state }) => (severity[state] > severity[worst] ? state : worst), 'ok');
