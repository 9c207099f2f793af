/** Authorities for operators: in force, or waiting for a certificate that is signed elsewhere. */
import { AuthorityBody, AuthorityDetailJson, AuthorityImportBody, CrlImportBody } from '../../../api/authority.ts';
import { AuthorityPath, CrlJson, NoQuery } from '../../../api/service.ts';
import { encodePem } from '../../../domain/der/pem.ts';
import type {
  AuthorityDetail,
  AuthorityServices,
  OwnAuthorityDetail,
} from '../../../services/authorities/authority-services.ts';
import type { ExternalView } from '../../../services/authorities/external-authorities.ts';
import type { DistributionUrls } from '../../../services/services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { authorityJson, externalAuthorityJson } from '../json/certificate-json.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import { crlJson } from './crl-routes.ts';
import type { May } from './may.ts';

const tags = ['authorities'];

export function addAuthorityDetailRoutes(
  face: Face,
  { services, urls }: { readonly services: AuthorityServices; readonly urls: DistributionUrls },
  may: May,
): void {
  face.get(
    '/v1/authorities/:name',
    {
      onRequest: may('read'),
      schema: {
        operationId: 'readAuthority',
        tags,
        summary: 'One authority: where its key is, and its certificate in force',
        security: operatorSecurity,
        params: AuthorityPath,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The authority.', AuthorityDetailJson),
          ...problems(...readProblems, 'notFound', 'signerUnavailable'),
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
        security: operatorSecurity,
        querystring: NoQuery,
        body: AuthorityBody,
        response: {
          201: jsonAnswer('The authority, with its CSR.', AuthorityDetailJson),
          ...problems(...authorityProblems),
        },
      },
    },
    async (request, reply) => {
      const detail = await services.requestAuthority(callerOf(request), request.body);
      const location = `/v1/authorities/${detail.authority.name}`;
      return sendJson(reply.code(201).header('location', location), detailJson(detail));
    },
  );

  face.post(
    '/v1/authorities/:name/import',
    {
      onRequest: may('administer'),
      schema: {
        operationId: 'importAuthority',
        tags,
        summary: 'Put the certificate that was signed elsewhere in force',
        description: 'The whole chain is judged; a refusal names everything that is wrong with it.',
        security: operatorSecurity,
        params: AuthorityPath,
        querystring: NoQuery,
        body: AuthorityImportBody,
        response: {
          200: jsonAnswer('The authority, in force.', AuthorityDetailJson),
          ...problems(...authorityProblems, 'policyRefused', 'badPublicKey', 'compound', 'clockUnsafe'),
        },
      },
    },
    async (request, reply) => {
      const { chain, root, rootSha256 } = request.body;
      const input = {
        chainPem: chain,
        ...(root !== undefined && { rootPem: root }),
        ...(rootSha256 !== undefined && { rootSha256 }),
      };
      const detail = await services.importAuthority(callerOf(request), request.params.name, input);
      return sendJson(reply, detailJson(detail));
    },
  );

  face.post(
    '/v1/authorities/:name/import-crl',
    {
      onRequest: may('administer'),
      // The list of a large authority is longer than anything else that is sent here.
      bodyLimit: longestCrlBody,
      schema: {
        operationId: 'importCrl',
        tags,
        summary: 'Serve a list that an authority elsewhere made',
        description: 'Refused unless it is of this authority, newer than the one that is served, and good now.',
        security: operatorSecurity,
        params: AuthorityPath,
        querystring: NoQuery,
        body: CrlImportBody,
        response: {
          200: jsonAnswer('The list that is served from now on.', CrlJson),
          ...problems(...authorityProblems, 'policyRefused', 'clockUnsafe'),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      return sendJson(reply, crlJson(name, await services.importCrl(callerOf(request), name, request.body.crl), urls));
    },
  );
}

const longestCrlBody = 5 * 2 ** 20;

/** Its CSR is signed before the answer. */
const authorityProblems = [...changeProblems, 'notFound', 'signerUnavailable'] as const;

const detailJson = (detail: AuthorityDetail): AuthorityDetailJson =>
  detail.kind === 'external' ? externalDetailJson(detail) : ownDetailJson(detail);

const ownDetailJson = ({ authority, inForce, coming, csrDer, stopped }: OwnAuthorityDetail): AuthorityDetailJson => ({
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
  stopped,
  coming: coming && authorityJson(coming),
});

function externalDetailJson(view: ExternalView): AuthorityDetailJson {
  const certificate = externalAuthorityJson(view);
  const { name, role, environment, parent, keyType, signatureAlgorithm } = certificate;
  return {
    ...{ name, role, environment, parent, keyType, signatureAlgorithm, certificate },
    state: 'external',
    vault: null,
    vaultKey: null,
    createdAt: rfc3339Ms(view.external.importedAt),
    csr: null,
    stopped: null,
    coming: null,
  };
}
