/** What the service is doing and holding, for operators. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { NoQuery, StatusJson } from '../../../api/service.ts';
import type { Services, StatusView } from '../../../services/services.ts';
import { jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339, rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import { readinessJson } from '../routes/health-routes.ts';

export function addStatusRoutes(
  face: Face,
  services: Pick<Services, 'status'>,
  { version, mayRead }: { version: string; mayRead: onRequestAsyncHookHandler[] },
): void {
  face.get(
    '/v1/status',
    {
      onRequest: mayRead,
      schema: {
        operationId: 'status',
        tags: ['service'],
        summary: 'Readiness, counts, and the authorities with their lists',
        security: operatorSecurity,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The status.', StatusJson),
          ...problems(...readProblems),
        },
      },
    },
    async (_request, reply) => sendJson(reply, statusJson(await services.status(), version)),
  );
}

const statusJson = (status: StatusView, version: string): StatusJson => ({
  version,
  startedAt: rfc3339Ms(status.startedAt),
  readiness: readinessJson(status.readiness),
  counts: { ...status.counts },
  reminders: [...status.reminders],
  authorities: status.authorities.map(({ name, notAfter, crl }) => ({
    name,
    notAfter: rfc3339(notAfter),
    crl: crl && {
      number: crl.crlNumber?.toString() ?? null,
      thisUpdate: rfc3339(crl.thisUpdate),
      nextUpdate: rfc3339(crl.nextUpdate),
    },
  })),
});
