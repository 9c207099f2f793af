/** `/docs`: Swagger UI over the checked-in OpenAPI document. Loaded when somebody first looks, never at the start. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify';
import type { Face } from '../face-deps.ts';

const documentFile = (name: string): URL => new URL(`../../../../openapi/${name}.yaml`, import.meta.url);

/** The routes of the face only hand over: the UI lives in an application of its own that serves no port. */
export function addDocsRoutes(face: Face, name: 'public' | 'admin', guards: onRequestAsyncHookHandler[] = []): void {
  let docs: Promise<FastifyInstance> | undefined;
  const load = (): Promise<FastifyInstance> => {
    docs ??= loadDocs(name).catch((error: unknown) => {
      // The next look tries again.
      docs = undefined;
      throw error;
    });
    return docs;
  };
  for (const url of ['/docs', '/docs/*']) {
    face.get(url, { onRequest: guards, schema: { hide: true } }, async (request, reply) => {
      const app = await load();
      reply.hijack();
      app.routing(request.raw, reply.raw);
    });
  }
  face.addHook('onClose', async () => {
    const app = await docs?.catch(() => undefined);
    await app?.close();
  });
}

async function loadDocs(name: string): Promise<FastifyInstance> {
  const [{ default: fastify }, { default: helmet }, { default: swaggerUi }, { default: plugin }, { parse }, text] =
    await Promise.all([
      import('fastify'),
      import('@fastify/helmet'),
      import('@fastify/swagger-ui'),
      import('@fastify/swagger'),
      import('yaml'),
      readFile(documentFile(name), 'utf8'),
    ]);
  const app = fastify({ exposeHeadRoutes: true });
  await app.register(plugin, { mode: 'static', specification: { document: parse(text) as never } });
  // One page of static scripts; HSTS would bind every port of localhost, for good.
  await app.register(helmet, { hsts: false, contentSecurityPolicy: { directives: contentSecurity } });
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { validatorUrl: null, tryItOutEnabled: false } });
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('Not Found'));
  await app.ready();
  return app;
}

const contentSecurity = {
  defaultSrc: ["'none'"],
  baseUri: ["'none'"],
  connectSrc: ["'self'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  imgSrc: ["'self'", 'data:'],
  scriptSrc: ["'self'"],
  // Swagger UI sets style attributes from its scripts.
  styleSrc: ["'self'", "'unsafe-inline'"],
};
