/** Enrolment tokens: how a product that has no certificate yet gets its first one. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { ProductPageQuery } from '../../../api/registry.ts';
import { NoQuery } from '../../../api/service.ts';
import { NewTokenJson, TokenBody, type TokenJson, TokenList, TokenPath } from '../../../api/token.ts';
import type { RegistryServices, TokenView } from '../../../services/registry/registry-services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';

const shared = { tags: ['tokens'], security: operatorSecurity };
const writeProblems = [...readProblems, 'notFound', 'overloaded', 'inventoryUnavailable'] as const;

const usualLifetimeSeconds = 86_400;

/** No answer here may be cached: see `forbidCaching` of every face but the distribution's. */
export function addTokenRoutes(face: Face, { services, now }: Pick<FaceDeps, 'services' | 'now'>, may: May): void {
  face.get(
    '/v1/tokens',
    {
      onRequest: may('read'),
      preValidation: integersInQuery('limit'),
      schema: {
        ...shared,
        operationId: 'listTokens',
        summary: 'Tokens by id, in pages, without their secrets',
        querystring: ProductPageQuery,
        response: { 200: jsonAnswer('The tokens.', TokenList), ...problems(...readProblems) },
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await services.listTokens({ limit: 100, ...request.query });
      const tokens = items.map((token) => tokenJson(token, now()));
      return sendJson(reply, { items: tokens, nextCursor } satisfies TokenList);
    },
  );

  addTokenChanges(face, { services, now }, may('manage'));
}

function addTokenChanges(
  face: Face,
  { services, now }: { services: RegistryServices; now: () => number },
  onRequest: onRequestAsyncHookHandler[],
): void {
  face.post(
    '/v1/tokens',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'createToken',
        summary: 'Make a token; its secret is in this answer and nowhere else',
        description:
          'Good for one certificate within a day, of any of the product’s profiles, unless the body says otherwise. The answer is not to be cached.',
        querystring: NoQuery,
        body: TokenBody,
        response: {
          201: jsonAnswer('The token with its secret. Not to be cached.', NewTokenJson),
          ...problems(...writeProblems, 'policyRefused', 'payloadTooLarge', 'unsupportedMediaType'),
        },
      },
    },
    async (request, reply) => {
      const { uses = 1, lifetimeSeconds = usualLifetimeSeconds, ...input } = request.body;
      const { token, secret } = await services.createToken(callerOf(request), { ...input, uses, lifetimeSeconds });
      return sendJson(reply.code(201), { ...tokenJson(token, now()), token: secret } satisfies NewTokenJson);
    },
  );

  face.delete(
    '/v1/tokens/:id',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'removeToken',
        summary: 'Remove a token: it is good for nothing any more',
        params: TokenPath,
        querystring: NoQuery,
        response: { 204: { description: 'It is removed.' }, ...problems(...writeProblems) },
      },
    },
    async (request, reply) => {
      await services.removeToken(callerOf(request), request.params.id);
      return reply.code(204).send();
    },
  );
}

const tokenJson = ({ expiresAt, createdAt, ...token }: TokenView, now: number): TokenJson => ({
  id: token.id,
  product: token.product,
  profiles: [...token.profiles],
  status: expiresAt <= now ? 'expired' : token.usesLeft === 0 ? 'usedUp' : 'live',
  usesLeft: token.usesLeft,
  expiresAt: rfc3339Ms(expiresAt),
  createdAt: rfc3339Ms(createdAt),
  createdBy: token.createdBy,
});
