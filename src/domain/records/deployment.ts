/** Where a certificate is deployed: what its targets reported last, and what that comes to. */

/** `proved`: a handshake showed it; `deployed`: put there, but not looked at; `failed`: it is not what is served. */
export type DeploymentOutcome = 'proved' | 'deployed' | 'failed';

/** What a target reports of a certificate. */
export interface DeploymentReport {
  /** Name of the place, as its agent calls it: `web-1`, `kafka/broker-2`. */
  readonly target: string;
  readonly outcome: DeploymentOutcome;
  /** `host:port` of the handshake. */
  readonly endpoint: string | null;
  /** Serial of the certificate that the handshake showed; any certificate's. */
  readonly servedSerial: string | null;
  readonly detail: string | null;
  /** Hex SHA-256 of the DER of each root that the target trusts. */
  readonly trustSha256: readonly string[];
}

/** The newest report of one target; `awaited`: none yet, but the target has the predecessor, or had it last. */
export interface Deployment extends Omit<DeploymentReport, 'outcome'> {
  readonly serial: string;
  readonly outcome: DeploymentOutcome | 'awaited';
  /** Unix milliseconds; while it is awaited, those of the issue. */
  readonly reportedAt: number;
  /** Actor, as in the audit log. */
  readonly reporter: string;
}

/** So many targets of one certificate are kept. */
export const mostTargets = 100;

/**
 * The worst of a certificate's targets. `behind`: one has not taken it up, or serves another certificate all the same;
 * `failed`: one failed, without a word of what it serves; `failedBehind`: both, of the same target or of two.
 */
export type DeploymentState = 'none' | 'proved' | 'deployed' | 'behind' | 'failed' | 'failedBehind';

export function deploymentState(deployments: readonly Deployment[]): DeploymentState {
  const failed = deployments.some(({ outcome }) => outcome === 'failed');
  const behind = deployments.some(isBehind);
  if (failed) return behind ? 'failedBehind' : 'failed';
  if (behind) return 'behind';
  if (deployments.length === 0) return 'none';
  return deployments.every(({ outcome }) => outcome === 'proved') ? 'proved' : 'deployed';
}

const isBehind = ({ outcome, serial, servedSerial }: Deployment): boolean =>
  outcome === 'awaited' || (servedSerial !== null && servedSerial !== serial);
