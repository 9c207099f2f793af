/** Authorities and their certificates, which anybody may fetch to build a chain. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuthorityJson, AuthorityList, AuthorityPath } from '../../../api/service.ts';
import type { Services } from '../../../services/services.ts';
import { certificateAnswer, commonProblems, jsonAnswer, problems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { authorityJson, externalAuthorityJson } from '../json/certificate-json.ts';
import { sendCertificate, sendJson, wantedFormat } from './certificate-formats.ts';

type TrustServices = Pick<
  Services,
  'listAuthorities' | 'authority' | 'listExternalAuthoritiesServed' | 'externalAuthority'
>;

const tags = ['trust'];

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
        summary: 'All authorities with their certificates, an item for each generation',
        security,
        response: { 200: jsonAnswer('The authorities.', AuthorityList), ...problems(...commonProblems) },
      },
    },
    async (_request, reply) => {
      const items = [
        ...(await services.listAuthorities()).map(authorityJson),
        ...(await services.listExternalAuthoritiesServed()).map(externalAuthorityJson),
      ];
      return sendJson(reply, { items, nextCursor: null } satisfies AuthorityList);
    },
  );

  face.get(
    '/v1/authorities/:name/certificate',
    {
      onRequest: guards,
      schema: {
        operationId: 'authorityCertificate',
        tags,
        summary: 'The certificate in force of one authority, or of one of its generations',
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
      const { name } = request.params;
      const elsewhere = await services.externalAuthority(name);
      const own = elsewhere ? undefined : await services.authority(name);
      const der = elsewhere?.external.certificateDer ?? own!.certificateDer;
      const json = () => JSON.stringify(elsewhere ? externalAuthorityJson(elsewhere) : authorityJson(own!));
      return sendCertificate(reply, format, { der, chainDer: [], json });
    },
  );
}
