import fastify from 'fastify';
import { expect, it } from 'vitest';
import { addDocsRoutes } from '../../../../src/faces/http/routes/docs-routes.ts';

it('a document that cannot be read fails each look at it, and not the end of the face', async () => {
  const face = fastify();
  addDocsRoutes(face as never, 'missing' as 'public');
  for (const _look of [1, 2]) expect((await face.inject('/docs')).statusCode).toBe(500);
  await face.close();
});

it('a document that nobody looked at is not loaded at the end either', async () => {
  const face = fastify();
  addDocsRoutes(face as never, 'public');
  await face.close();
});
