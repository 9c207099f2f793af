/** Where targets report what became of a certificate, and where that is read: alike on the public and the admin face. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { SerialPath } from '../../../api/certificate.ts';
import { DeploymentBody, DeploymentJson, DeploymentList } from '../../../api/deployment.ts';
import { NoQuery } from '../../../api/service.ts';
import type { Deployment, DeploymentReport } from '../../../domain/records/deployment.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, problems, readProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from './certificate-formats.ts';

type Hooks = onRequestAsyncHookHandler | onRequestAsyncHookHandler[];

export interface DeploymentRouteDeps extends Pick<FaceDeps, 'services'> {
  readonly mayRead: Hooks;
  readonly mayReport: Hooks;
  /** What OpenAPI calls the credentials. */
  readonly security: readonly Record<string, readonly string[]>[];
}

const tags = ['certificates'];
const path = '/v1/certificates/:serial/deployments';

export function addDeploymentRoutes(face: Face, deps: DeploymentRouteDeps): void {
  const { services } = deps;
  face.post(
    path,
    {
      onRequest: deps.mayReport,
      schema: {
        operationId: 'reportDeployment',
        tags,
        summary: 'Report what became of a certificate at one target',
        description:
          'The newest report of each target is kept. A product reports over mTLS with a certificate of its own, normally this one or its successor; or with an enrolment token of its profile, of which a report takes no use: a certificate for servers alone cannot show itself.',
        security: deps.security,
        params: SerialPath,
        querystring: NoQuery,
        body: DeploymentBody,
        response: {
          201: jsonAnswer('The report, kept.', DeploymentJson),
          ...problems(...changeProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const { serial } = request.params;
      const deployment = await services.reportDeployment(callerOf(request), serial, reportOf(request.body));
      return sendJson(reply.code(201), deploymentJson(deployment));
    },
  );

  face.get(
    path,
    {
      onRequest: deps.mayRead,
      schema: {
        operationId: 'listDeployments',
        tags,
        summary: 'Where a certificate is deployed: the newest report of each target',
        security: deps.security,
        params: SerialPath,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The reports, by target; 100 at most.', DeploymentList),
          ...problems(...readProblems, 'notFound', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const deployments = await services.listDeployments(callerOf(request), request.params.serial);
      const list: DeploymentList = { items: deployments.map(deploymentJson), nextCursor: null };
      return sendJson(reply, list);
    },
  );
}

const reportOf = ({
  target,
  outcome,
  endpoint,
  servedSerial,
  detail,
  trustSha256,
}: DeploymentBody): DeploymentReport => ({
  target,
  outcome: outcome as DeploymentReport['outcome'],
  endpoint: endpoint ?? null,
  servedSerial: servedSerial ?? null,
  detail: detail ?? null,
  trustSha256: trustSha256 ?? [],
});

const deploymentJson = (deployment: Deployment): DeploymentJson => ({
  serial: deployment.serial,
  target: deployment.target,
  outcome: deployment.outcome,
  endpoint: deployment.endpoint,
  servedSerial: deployment.servedSerial,
  detail: deployment.detail,
  trustSha256: [...deployment.trustSha256],
  reportedAt: rfc3339Ms(deployment.reportedAt),
  reporter: deployment.reporter,
});
