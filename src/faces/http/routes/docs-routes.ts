/** `/docs`: Swagger UI over the checked-in OpenAPI document. Loaded when somebody first looks, never at the start. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify';
import { CaError } from '../../../domain/errors.ts';
import type { Face } from '../face-deps.ts';

const documentFile = (name: string): URL => new URL(`../../../../openapi/${name}.yaml`, import.meta.url);

/**
 * Answers of the pages under way at once. The scripts are 1.7 MB, anybody may ask for them, and an answer that its peer does
 * not read costs up to half a megabyte: some browsers' worth, not one for each connection that a face takes.
 */
const answersAtOnce = 32;

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
  let underWay = 0;
  for (const url of ['/docs', '/docs/*']) {
    face.get(url, { onRequest: guards, schema: { hide: true } }, async (request, reply) => {
      if (underWay >= answersAtOnce) {
        const message = 'Too many pages of the documentation are being sent. Try again in a moment.';
        throw new CaError('overloaded', message, { retryAfterSeconds: 5 });
      }
      // A peer that is gone already says so no more.
      if (!reply.raw.destroyed) {
        underWay += 1;
        reply.raw.once('close', () => {
          underWay -= 1;
        });
      }
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
