/** Port: the part of the inventory that knows where certificates are deployed. Held to what ports/inventory.ts says of all of it. */
import type { AuditEntry } from '../domain/records/audit-event.ts';
import type { Deployment, DeploymentReport } from '../domain/records/deployment.ts';

export interface ReportedDeployment extends DeploymentReport {
  readonly serial: string;
  /** Unix milliseconds. */
  readonly reportedAt: number;
  readonly reporter: string;
}

export interface ReportedTrust {
  /** Good certificates of the product that nothing has followed yet, and those of them that no target has reported. */
  readonly certificates: number;
  readonly unreported: number;
  readonly targets: readonly (Pick<Deployment, 'target' | 'trustSha256'> & { readonly reportedAt: number })[];
}

export type DeploymentOutcomeKept =
  | { readonly kind: 'kept'; readonly deployment: Deployment }
  /** Unknown, not issued, or in the archive. */
  | { readonly kind: 'notFound' }
  /** The certificate has reports of `mostTargets` others. */
  | { readonly kind: 'tooManyTargets' };

export interface DeploymentStore {
  /**
   * Replaces what was known of this target and certificate. A target that reports a certificate as there, which has a
   * successor, is from then on one where the successor is awaited. With a successor's issue, it is awaited wherever its
   * predecessor is.
   */
  recordDeployment(reported: ReportedDeployment, audit: AuditEntry): Promise<DeploymentOutcomeKept>;
  /** What the targets of a product say in the newest report of each, over its certificates that are good at Unix second `now`. */
  reportedTrust(product: string, now: number): Promise<ReportedTrust>;
  /** By target; of archived certificates none. */
  deployments(serial: string): Promise<readonly Deployment[]>;
}
