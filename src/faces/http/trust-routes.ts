/** What anybody may fetch to build and check a chain: authorities, their certificates, the roots of an environment. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuthorityJson, AuthorityList, AuthorityPath, EnvironmentPath, TrustBundleJson } from '../../api/service.ts';
import type { Services } from '../../services/services.ts';
import { pemChainMediaType, sendCertificate, sendJson, wantedFormat } from './certificate-formats.ts';
import { authorityJson, chainPem } from './certificate-json.ts';
import { certificateAnswer, commonProblems, jsonAnswer, problems, textAnswer } from './documentation.ts';
import type { Face } from './face-deps.ts';
import { contentEtag, sendPublished } from './published-bytes.ts';

type TrustServices = Pick<Services, 'listAuthorities' | 'authority' | 'trustBundle'>;

const tags = ['trust'];
const trustMaxAgeSeconds = 300;

/** `guards` run before each route; without any, everybody may ask. */
export function addAuthorityRoutes(
  face: Face,
  services: TrustServices,
  guards: onRequestAsyncHookHandler[] = [],
): void {
  const security = guards.length > 0 ? [{ operatorCertificate: [] }] : [];
  face.get(
    '/v1/authorities',
    {
      onRequest: guards,
      schema: {
        operationId: 'listAuthorities',
        tags,
        summary: 'All authorities with their certificates in force',
        security,
        response: { 200: jsonAnswer('The authorities.', AuthorityList), ...problems(...commonProblems) },
      },
    },
    async (_request, reply) => {
      const items = (await services.listAuthorities()).map(authorityJson);
      return sendJson(reply, { items } satisfies AuthorityList);
    },
  );

  face.get(
    '/v1/authorities/:name/certificate',
    {
      onRequest: guards,
      schema: {
        operationId: 'authorityCertificate',
        tags,
        summary: 'The certificate in force of one authority',
        security,
        params: AuthorityPath,
        response: {
          200: certificateAnswer('The certificate.', AuthorityJson),
          ...problems(...commonProblems, 'notFound', 'notAcceptable'),
        },
      },
    },
    async (request, reply) => {
      const format = wantedFormat(request);
      const view = await services.authority(request.params.name);
      const json = () => JSON.stringify(authorityJson(view));
      return sendCertificate(reply, format, { der: view.certificateDer, chainDer: [], json });
    },
  );
}

export function addTrustBundleRoutes(face: Face, services: TrustServices, now: () => number): void {
  const documented = {
    tags,
    security: [],
    params: EnvironmentPath,
  };

  face.get(
    '/v1/trust-bundles/:environment',
    {
      schema: {
        ...documented,
        operationId: 'trustBundle',
        summary: 'The roots of an environment',
        response: {
          200: jsonAnswer('The roots.', TrustBundleJson),
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const { environment } = request.params;
      const certificates = (await services.trustBundle(environment)).map(chainPem);
      return sendJson(reply, { environment, certificates } satisfies TrustBundleJson);
    },
  );

  face.get(
    '/v1/trust-bundles/:environment.pem',
    {
      schema: {
        ...documented,
        operationId: 'trustBundlePem',
        summary: 'The roots of an environment as one PEM file',
        response: {
          200: textAnswer('The roots, one PEM block each.', pemChainMediaType),
          ...problems(...commonProblems, 'notFound'),
        },
      },
    },
    async (request, reply) => {
      const bytes = (await services.trustBundle(request.params.environment)).map(chainPem).join('');
      const published = { bytes, mediaType: pemChainMediaType, etag: contentEtag(bytes) };
      return sendPublished(request, reply, { ...published, maxAgeSeconds: trustMaxAgeSeconds }, now());
    },
  );
}
