/** Products: which names and profiles the owner of certificates may have. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { ProductBody, ProductChangeBody, ProductJson, ProductList } from '../../../api/product.ts';
import { EnvironmentPageQuery, OwnedPath, VersionQuery } from '../../../api/registry.ts';
import { NoQuery } from '../../../api/service.ts';
import type { Product, ProductVersion } from '../../../domain/records/environment.ts';
import type { RegistryServices } from '../../../services/registry/registry-services.ts';
import { callerOf } from '../arrival/authentication.ts';
import { changeProblems, jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';
import { wholeBody } from './whole-body.ts';

const shared = { tags: ['products'], security: operatorSecurity };
const productProblems = [...changeProblems, 'policyRefused', 'notFound'] as const;

export function addProductRoutes(face: Face, services: RegistryServices, may: May): void {
  addProductReads(face, services, may('read'));
  addProductChanges(face, services, may('manage'));
}

function addProductReads(face: Face, services: RegistryServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.get(
    '/v1/products',
    {
      onRequest,
      preValidation: integersInQuery('limit'),
      schema: {
        ...shared,
        operationId: 'listProducts',
        summary: 'All products by id, in pages',
        querystring: EnvironmentPageQuery,
        response: { 200: jsonAnswer('The products.', ProductList), ...problems(...readProblems) },
      },
    },
    async (request, reply) => {
      const { items, nextCursor } = await services.listProducts({ limit: 100, ...request.query });
      const products = items.map((product) => productJson({ ...product, removedAt: null }));
      return sendJson(reply, { items: products, nextCursor } satisfies ProductList);
    },
  );

  face.get(
    '/v1/products/:environment/:name',
    {
      onRequest,
      preValidation: integersInQuery('version'),
      schema: {
        ...shared,
        operationId: 'readProduct',
        summary: 'One product, as it is or in an earlier version',
        description:
          'A certificate names the version it was issued under. A product that was removed can still be read.',
        params: OwnedPath,
        querystring: VersionQuery,
        response: { 200: jsonAnswer('The product.', ProductJson), ...problems(...readProblems, 'notFound') },
      },
    },
    async (request, reply) =>
      sendJson(reply, productJson(await services.readProduct(idOf(request.params), request.query.version))),
  );
}

function addProductChanges(face: Face, services: RegistryServices, onRequest: onRequestAsyncHookHandler[]): void {
  face.post(
    '/v1/products',
    {
      onRequest,
      ...wholeBody,
      schema: {
        ...shared,
        operationId: 'createProduct',
        summary: 'Add a product',
        querystring: NoQuery,
        body: ProductBody,
        response: { 201: jsonAnswer('The product.', ProductJson), ...problems(...productProblems) },
      },
    },
    async (request, reply) => {
      const product = await services.createProduct(callerOf(request), request.body);
      return sendJson(reply.code(201).header('location', `/v1/products/${product.id}`), productJson(product));
    },
  );

  face.put(
    '/v1/products/:environment/:name',
    {
      onRequest,
      ...wholeBody,
      schema: {
        ...shared,
        operationId: 'changeProduct',
        summary: 'Change a product: a new version',
        description:
          'Replaces the whole product. `version` is the one it was read at; `conflict` if it has changed since.',
        params: OwnedPath,
        querystring: NoQuery,
        body: ProductChangeBody,
        response: { 200: jsonAnswer('The product.', ProductJson), ...problems(...productProblems) },
      },
    },
    async (request, reply) =>
      sendJson(reply, productJson(await services.changeProduct(callerOf(request), idOf(request.params), request.body))),
  );

  face.delete(
    '/v1/products/:environment/:name',
    {
      onRequest,
      schema: {
        ...shared,
        operationId: 'removeProduct',
        summary: 'Remove a product and its tokens',
        description:
          'Refused while any of its certificates is good, on hold or being issued. Its open requests are denied; its versions can still be read.',
        params: OwnedPath,
        querystring: NoQuery,
        response: { 204: { description: 'It is removed.' }, ...problems(...productProblems) },
      },
    },
    async (request, reply) => {
      await services.removeProduct(callerOf(request), idOf(request.params));
      return reply.code(204).send();
    },
  );
}

/** A name that holds a slash, encoded as it came, makes an id of three parts, which no product has. */
const idOf = ({ environment, name }: { environment: string; name: string }): string => `${environment}/${name}`;

const productJson = ({ id, environment, createdAt, removedAt, ...product }: ProductVersion): ProductJson => ({
  id,
  environment,
  name: nameOf({ id, environment }),
  version: product.version,
  nameRules: product.nameRules.map(({ kind, value }) => ({ kind, value })),
  profiles: [...product.profiles],
  contacts: [...product.contacts],
  alerts: product.alerts,
  createdAt: rfc3339Ms(createdAt),
  removedAt: removedAt === null ? null : rfc3339Ms(removedAt),
});

const nameOf = ({ id, environment }: Pick<Product, 'id' | 'environment'>): string => id.slice(environment.length + 1);
