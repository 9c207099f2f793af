/** Environments: each has its own root, authorities and profiles. */
import { EnvironmentBody, EnvironmentJson, EnvironmentList, EnvironmentPath, NoQuery } from '../../../api/service.ts';
import type { EnvironmentView, Services } from '../../../services/services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';

type EnvironmentServices = Pick<Services, 'createEnvironment' | 'listEnvironments' | 'readEnvironment'>;

const tags = ['environments'];

/** Its authorities are signed before the answer. */
const createProblems = [...changeProblems, 'notFound', 'signerUnavailable', 'clockUnsafe'] as const;

export function addEnvironmentRoutes(face: Face, services: EnvironmentServices, may: May): void {
  face.get(
    '/v1/environments',
    {
      onRequest: may('read'),
      schema: {
        operationId: 'listEnvironments',
        tags,
        summary: 'All environments',
        security: operatorSecurity,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The environments.', EnvironmentList),
          ...problems(...readProblems),
        },
      },
    },
    async (request, reply) => {
      const items = (await services.listEnvironments(callerOf(request))).map(environmentJson);
      return sendJson(reply, { items, nextCursor: null } satisfies EnvironmentList);
    },
  );

  face.get(
    '/v1/environments/:environment',
    {
      onRequest: may('read'),
      schema: {
        operationId: 'readEnvironment',
        tags,
        summary: 'One environment',
        security: operatorSecurity,
        params: EnvironmentPath,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The environment.', EnvironmentJson),
          ...problems(...readProblems, 'notFound'),
        },
      },
    },
    async (request, reply) =>
      sendJson(reply, environmentJson(await services.readEnvironment(request.params.environment))),
  );

  face.post(
    '/v1/environments',
    {
      onRequest: may('administer'),
      schema: {
        operationId: 'createEnvironment',
        tags,
        summary: 'Create an environment with its root, authorities and profiles',
        description:
          'With `hierarchy` `external` without a root: the CSR of its issuing authority is then to be signed elsewhere.',
        security: operatorSecurity,
        querystring: NoQuery,
        body: EnvironmentBody,
        response: {
          201: jsonAnswer('The environment.', EnvironmentJson),
          ...problems(...createProblems),
        },
      },
    },
    async (request, reply) => {
      const { name, hierarchy = 'two-tier', vault } = request.body;
      const input = { name, hierarchy, ...(vault !== undefined && { vault }) };
      const view = await services.createEnvironment(callerOf(request), input);
      return sendJson(reply.code(201).header('location', `/v1/environments/${name}`), environmentJson(view));
    },
  );
}

const environmentJson = ({ environment, authorities, profiles }: EnvironmentView): EnvironmentJson => ({
  name: environment.name,
  hierarchy: environment.hierarchy,
  createdAt: rfc3339Ms(environment.createdAt),
  authorities: authorities.map(({ name }) => name),
  profiles: profiles.map(({ name }) => name),
});
