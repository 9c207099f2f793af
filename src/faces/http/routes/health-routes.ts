/** `/livez`: the process answers. `/readyz`: every part it needs does, too. */
import { Liveness, Readiness } from '../../../api/service.ts';
import type { ReadinessPart, Services } from '../../../services/services.ts';
import { jsonAnswer } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { sendJson } from './certificate-formats.ts';

const alive = JSON.stringify({ status: 'alive' } satisfies Liveness);

export function addHealthRoutes(face: Face, services: Pick<Services, 'readiness'>): void {
  face.get(
    '/livez',
    {
      schema: {
        operationId: 'liveness',
        tags: ['health'],
        summary: 'Whether the process answers',
        security: [],
        response: { 200: jsonAnswer('It does.', Liveness) },
      },
    },
    (_request, reply) =>
      void reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('cache-control', 'no-store')
        .send(alive),
  );

  face.get(
    '/readyz',
    {
      schema: {
        operationId: 'readiness',
        tags: ['health'],
        summary: 'Whether the service can do its work, part by part',
        description:
          '503 while a part is not ready: docs/operating.md says what each means and what to do. A live service that is not ready needs no restart.',
        security: [],
        response: {
          200: jsonAnswer('Every part is ready.', Readiness),
          503: jsonAnswer('A part is not ready; `reason` says why.', Readiness),
        },
      },
    },
    async (_request, reply) => {
      const readiness = readinessJson(await services.readiness());
      reply.header('cache-control', 'no-store').code(readiness.status === 'ready' ? 200 : 503);
      return sendJson(reply, readiness);
    },
  );
}

export const readinessJson = (parts: readonly ReadinessPart[]): Readiness => ({
  status: parts.every(({ ready }) => ready) ? 'ready' : 'unready',
  parts: parts.map((part) => ({ ...part })),
});
