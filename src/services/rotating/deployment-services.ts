/** Use cases of deployments: what targets say of the certificates that they were given. */
import type { Deployment, DeploymentReport } from '../../domain/records/deployment.ts';
import type { Caller } from '../caller.ts';

/** All throw CaError. Serials come as text from outside and are checked inside. */
export interface DeploymentServices {
  /**
   * For operators; for a product over mTLS with any certificate of its own, normally the one it is about or its
   * successor; and by a token of the product and profile, of which it takes no use. `conflict` when the certificate was never
   * issued, is in the archive, or has reports of too many targets.
   */
  reportDeployment(caller: Caller, serial: string, report: DeploymentReport): Promise<Deployment>;
  /** The newest report of each target, by target; for whoever may see the certificate. */
  listDeployments(caller: Caller, serial: string): Promise<readonly Deployment[]>;
}
