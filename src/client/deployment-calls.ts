/** What the client reports and asks of deployments: as a product over mutual TLS, or as an operator. */
import { type DeploymentBody, DeploymentJson, DeploymentList } from '../api/deployment.ts';
import type { JsonCalls } from './json-calls.ts';

const pathOf = (serial: string): string => `/v1/certificates/${encodeURIComponent(serial)}/deployments`;

export const deploymentCalls = ({ get, post }: Pick<JsonCalls, 'get' | 'post'>) => ({
  /** May be repeated: the newest report of a target is kept. */
  reportDeployment: (serial: string, body: DeploymentBody): Promise<DeploymentJson> =>
    post(pathOf(serial), body, DeploymentJson),
  deployments: (serial: string): Promise<DeploymentList> => get(pathOf(serial), DeploymentList),
});
