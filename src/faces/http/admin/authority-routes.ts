/** Authorities for operators: in force, or waiting for a certificate that is signed elsewhere. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuthorityBody, AuthorityDetailJson } from '../../../api/authority.ts';
import { AuthorityPath, NoQuery } from '../../../api/service.ts';
import { encodePem } from '../../../domain/der/pem.ts';
import type { AuthorityDetail, AuthorityServices } from '../../../services/authority-services.ts';
import { callerOf } from '../authentication.ts';
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

  face.post(
    '/v1/authorities',
    {
      onRequest: may('administer'),
      schema: {
        operationId: 'requestAuthority',
        tags,
        summary: 'Make the key and the CSR of an authority that is to be signed elsewhere',
        description: 'It signs nothing until its certificate has been imported.',
        security,
        querystring: NoQuery,
        body: AuthorityBody,
        response: {
          201: jsonAnswer('The authority, with its CSR.', AuthorityDetailJson),
          ...problems(...changeProblems),
        },
      },
    },
    async (request, reply) => {
      const detail = await services.requestAuthority(callerOf(request), request.body);
      const location = `/v1/authorities/${detail.authority.name}`;
      return sendJson(reply.code(201).header('location', location), detailJson(detail));
    },
  );
}

/** Its CSR is signed before the answer. */
const changeProblems = [
  ...commonProblems,
  'unauthenticated',
  'unauthorized',
  'notFound',
  'conflict',
  'payloadTooLarge',
  'unsupportedMediaType',
  'overloaded',
  'signerUnavailable',
  'inventoryUnavailable',
] as const;

const detailJson = ({ authority, inForce, csrDer }: AuthorityDetail): AuthorityDetailJson => ({
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
  csr: csrDer && encodePem('CERTIFICATE REQUEST', csrDer),
  certificate: inForce && authorityJson(inForce),
});
