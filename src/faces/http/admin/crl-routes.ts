/** The CRLs of all authorities at a glance; their bytes are on the distribution face. */
import { hash } from 'node:crypto';
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuthorityPath, CrlJson, CrlList, NoQuery } from '../../../api/service.ts';
import type { PublishedCrl } from '../../../services/revoking/published-crl.ts';
import type { DistributionUrls, Services } from '../../../services/services.ts';
import { jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339 } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';

export interface CrlRouteDeps {
  readonly services: Pick<Services, 'crl' | 'latestCrl' | 'listAuthorities' | 'listExternalAuthorities'>;
  readonly urls: DistributionUrls;
  readonly mayRead: onRequestAsyncHookHandler[];
}

const documented = {
  tags: ['revocation'],
  security: operatorSecurity,
  querystring: NoQuery,
};
const crlProblems = [...readProblems, 'signerUnavailable', 'clockUnsafe'] as const;

export function addCrlStateRoutes(face: Face, { services, urls, mayRead }: CrlRouteDeps): void {
  face.get(
    '/v1/crls',
    {
      onRequest: mayRead,
      schema: {
        ...documented,
        operationId: 'listCrls',
        summary: 'The last CRL of each authority, of each generation its own',
        description:
          'One whose `nextUpdate` has passed is not in force any more: nothing could sign the next. An authority that never had one is left out. `GET /readyz` on this face says what is missing.',
        response: { 200: jsonAnswer('The CRLs.', CrlList), ...problems(...readProblems) },
      },
    },
    async (_request, reply) => {
      const authorities = await services.listAuthorities();
      const own = await Promise.all(authorities.map(async ({ id }) => ({ id, crl: await services.latestCrl(id) })));
      const imported = (await services.listExternalAuthorities()).map(({ external, crl }) => ({
        id: external.name,
        crl,
      }));
      const items = [...own, ...imported].flatMap(({ id, crl }) => (crl ? [crlJson(id, crl, urls)] : []));
      return sendJson(reply, { items, nextCursor: null } satisfies CrlList);
    },
  );

  face.get(
    '/v1/crls/:name',
    {
      onRequest: mayRead,
      schema: {
        ...documented,
        operationId: 'readCrl',
        summary: 'The CRL in force of one authority',
        params: AuthorityPath,
        response: { 200: jsonAnswer('The CRL.', CrlJson), ...problems(...crlProblems, 'notFound') },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      return sendJson(reply, crlJson(name, await services.crl(name), urls));
    },
  );
}

export const crlJson = (authority: string, crl: PublishedCrl, urls: DistributionUrls): CrlJson => ({
  authority,
  number: crl.crlNumber?.toString() ?? null,
  thisUpdate: rfc3339(crl.thisUpdate),
  nextUpdate: rfc3339(crl.nextUpdate),
  octets: crl.der.length,
  sha256: hash('sha256', crl.der, 'hex'),
  url: urls.crl(authority),
});
