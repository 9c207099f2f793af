/** What is known of one target of the rotation agent: kept in its state file, shown by `rotate status` and as metrics. */
import type { DeploymentReport } from '../records/deployment.ts';

export interface TargetError {
  /** RFC 3339. */
  readonly at: string;
  /** Stable, for scripts. */
  readonly code: string;
  readonly message: string;
}

export interface TargetProof {
  /** RFC 3339. */
  readonly at: string;
  readonly outcome: 'proved' | 'failed';
  /** `host:port`. */
  readonly endpoint: string;
  /** The name that was asked for, and which certificate was shown. Absent in state files of before. */
  readonly serverName?: string;
  readonly client?: 'own' | 'none';
  readonly serial: string | null;
  readonly detail: string;
}

/** When a certificate is to be rotated, as drawn once from the window that the service suggested. */
export interface RenewalTime {
  readonly serial: string;
  /** RFC 3339, all three; `at` lies in the window. */
  readonly start: string;
  readonly end: string;
  readonly at: string;
  readonly reason: string;
  /** RFC 3339: before it the service need not be asked again. Absent in state files of before, and while it is silent. */
  readonly askAgainAt?: string;
}

/** What became of a certificate here, until the service has been told. */
export interface UnreportedDeployment extends Omit<DeploymentReport, 'target'> {
  readonly serial: string;
}

/** A set that is written but not yet proven to work, and the one in use before it. */
export interface StagedSet {
  readonly set: string;
  readonly previous: string | null;
}

/** Where the files of a target are, and how they are put there. */
export interface TargetPlace {
  readonly folder: string;
  readonly mode: 'link' | 'replace';
}

/** Times are RFC 3339; null: not yet. */
export interface TargetStatus {
  readonly target: string;
  /** Of the certificate in use. */
  readonly serial: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  /** Name of the set in use. */
  readonly set: string | null;
  /** Of that set, or of the request for the next one, which may be the first. */
  readonly place: TargetPlace | null;
  readonly renewal: RenewalTime | null;
  readonly nextAttemptAt: string | null;
  readonly rotatedAt: string | null;
  /** Attempts that failed since the last one that did not. */
  readonly failures: number;
  readonly lastError: TargetError | null;
  readonly lastProof: TargetProof | null;
  /** The earliest nextUpdate of the CRLs of the set. */
  readonly crlNextUpdate: string | null;
  /** A request that waits for the approval of operators. */
  readonly waitingFor: string | null;
  readonly staged: StagedSet | null;
  readonly unreported: UnreportedDeployment | null;
  /** SHA-256, hex, of what is trusted as the service, as it was when the service was last told. */
  readonly serviceTrustSha256: string | null;
}

export const emptyStatus = (target: string): TargetStatus => ({
  target,
  serial: null,
  notBefore: null,
  notAfter: null,
  set: null,
  place: null,
  renewal: null,
  nextAttemptAt: null,
  rotatedAt: null,
  failures: 0,
  lastError: null,
  lastProof: null,
  crlNextUpdate: null,
  waitingFor: null,
  staged: null,
  unreported: null,
  serviceTrustSha256: null,
});
