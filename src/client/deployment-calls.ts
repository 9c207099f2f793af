/** What the client reports and asks of deployments: as a product over mutual TLS, or as an operator. */
import { type DeploymentBody, DeploymentJson, DeploymentList } from '../api/deployment.ts';
import type { Shape, Shaped } from '../api/shape.ts';

interface Calls {
  get<Schema extends Shape>(path: string, schema: Schema): Promise<Shaped<Schema>>;
  post<Schema extends Shape>(path: string, json: unknown, schema: Schema): Promise<Shaped<Schema>>;
}

const pathOf = (serial: string): string => `/v1/certificates/${encodeURIComponent(serial)}/deployments`;

export const deploymentCalls = ({ get, post }: Calls) => ({
  /** May be repeated: the newest report of a target is kept. */
  reportDeployment: (serial: string, body: DeploymentBody): Promise<DeploymentJson> =>
    post(pathOf(serial), body, DeploymentJson),
  deployments: (serial: string): Promise<DeploymentList> => get(pathOf(serial), DeploymentList),
});
