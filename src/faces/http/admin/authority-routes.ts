/** Authorities for operators: in force, or waiting for a certificate that is signed elsewhere. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuthorityDetailJson } from '../../../api/authority.ts';
import { AuthorityPath, NoQuery } from '../../../api/service.ts';
import type { AuthorityDetail, AuthorityServices } from '../../../services/authority-services.ts';
import { sendJson } from '../certificate-formats.ts';
import { authorityJson } from '../certificate-json.ts';
import { commonProblems, jsonAnswer, problems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339Ms } from '../rfc3339.ts';
import type { Permission } from './operator-permissions.ts';

const tags = ['authorities'];
const security = [{ operatorCertificate: [] }];

export function addAuthorityDetailRoutes(
  face: Face,
  services: AuthorityServices,
  may: (permission: Permission) => onRequestAsyncHookHandler[],
): void {
  face.get(
    '/v1/authorities/:name',
    {
      onRequest: may('read'),
      schema: {
        operationId: 'readAuthority',
        tags,
        summary: 'One authority: where its key is, and its certificate in force',
        security,
        params: AuthorityPath,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The authority.', AuthorityDetailJson),
          ...problems(...commonProblems, 'unauthenticated', 'unauthorized', 'notFound', 'signerUnavailable'),
        },
      },
    },
    async (request, reply) => sendJson(reply, detailJson(await services.describeAuthority(request.params.name))),
  );
}

const detailJson = ({ authority, inForce }: AuthorityDetail): AuthorityDetailJson => ({
  name: authority.name,
  role: authority.role,
  environment: authority.environment,
  parent: authority.parent,
  state: inForce ? 'active' : 'waiting',
  vault: authority.vault,
  vaultKey: authority.vaultKey,
  keyType: authority.keyType,
  signatureAlgorithm: authority.signatureAlgorithm,
  createdAt: rfc3339Ms(authority.createdAt),
  certificate: inForce && authorityJson(inForce),
});
