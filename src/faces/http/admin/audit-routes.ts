/** The audit log for operators: events by filter, everything as an export that can be verified, and the newest checkpoint. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { AuditEventList, AuditEventListQuery, CheckpointJson } from '../../../api/audit.ts';
import { NoQuery } from '../../../api/service.ts';
import type { CheckpointView, Services } from '../../../services/services.ts';
import { negotiate } from '../accept.ts';
import { operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { createAuditListAnswer } from '../routes/audit-list.ts';
import { jsonMediaType, sendJson } from '../routes/certificate-formats.ts';

type AuditServices = Pick<Services, 'listAuditEvents' | 'latestCheckpoint'>;

const tags = ['audit'];
const text = { type: 'string' };

export function addAuditRoutes(face: Face, services: AuditServices, mayRead: onRequestAsyncHookHandler[]): void {
  const answerList = createAuditListAnswer(services);
  face.get(
    '/v1/audit-events',
    {
      onRequest: mayRead,
      preValidation: integersInQuery('limit', 'seq.after', 'seq.before'),
      schema: {
        operationId: 'listAuditEvents',
        tags,
        summary: 'Audit events that match all filters',
        description:
          'JSON comes in pages. NDJSON holds everything that matches, unless `limit` says how many: each line is `event`, ' +
          '`previousHash` and `hash`, and without filters `privyseal audit verify` verifies it with a checkpoint.',
        security: operatorSecurity,
        querystring: AuditEventListQuery,
        response: {
          200: {
            description: 'The events.',
            content: { 'application/json': { schema: AuditEventList }, 'application/x-ndjson': { schema: text } },
          },
          ...problems(
            ...([...readProblems, 'notAcceptable'] as const),
            ...(['overloaded', 'inventoryUnavailable'] as const),
          ),
        },
      },
    },
    async (request, reply) => answerList(request, reply, request.query),
  );

  face.get(
    '/v1/audit-checkpoints/latest',
    {
      onRequest: mayRead,
      schema: {
        operationId: 'latestAuditCheckpoint',
        tags,
        summary: 'The newest signed checkpoint of the audit log',
        description:
          'As text it is the file to keep elsewhere: against it, `privyseal audit verify` finds a log that was cut off.',
        security: operatorSecurity,
        querystring: NoQuery,
        response: {
          200: {
            description: 'The checkpoint.',
            content: { 'application/json': { schema: CheckpointJson }, 'text/plain': { schema: text } },
          },
          ...problems(...readProblems, 'notFound', 'notAcceptable', 'conflict'),
        },
      },
    },
    async (request, reply) => {
      const format = negotiate(request.headers.accept, [jsonMediaType, 'text/plain']);
      const view = await services.latestCheckpoint();
      reply.header('vary', 'accept');
      if (format === jsonMediaType) return sendJson(reply, checkpointJson(view));
      return reply.header('content-type', 'text/plain; charset=utf-8').send(view.note);
    },
  );
}

const checkpointJson = ({ checkpoint, note }: CheckpointView): CheckpointJson => ({
  seq: checkpoint.seq,
  hash: checkpoint.hash,
  log: checkpoint.log,
  at: rfc3339Ms(checkpoint.at),
  note,
});
