/** What Prometheus scrapes: counters, latencies, queues, lists and expiries, for a client certificate that may read. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { NoQuery } from '../../../api/service.ts';
import type { Services } from '../../../services/services.ts';
import { negotiate } from '../accept.ts';
import { operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { metricsText, openMetricsMediaType, prometheusMediaType } from './metrics-text.ts';

const text = { schema: { type: 'string' } };

/** What Accept is held against; of the same worth, the older format is understood by more. */
const offers = ['text/plain; version=0.0.4', 'application/openmetrics-text; version=1.0.0'] as const;

export function addMetricsRoute(
  face: Face,
  services: Pick<Services, 'collectMetrics'>,
  mayRead: onRequestAsyncHookHandler[],
): void {
  face.get(
    '/metrics',
    {
      onRequest: mayRead,
      schema: {
        operationId: 'metrics',
        tags: ['service'],
        summary: 'Metrics for Prometheus',
        description:
          'In the text format 0.0.4, or as OpenMetrics 1.0 for who accepts that. docs/operating.md lists them.',
        security: operatorSecurity,
        querystring: NoQuery,
        response: {
          200: {
            description: 'Every metric, as of now.',
            content: { 'text/plain': text, 'application/openmetrics-text': text },
          },
          ...problems(...readProblems, 'notAcceptable'),
        },
      },
    },
    async (request, reply) => {
      const offer = negotiate(request.headers.accept, offers);
      const mediaType = offer === offers[0] ? prometheusMediaType : openMetricsMediaType;
      const families = await services.collectMetrics();
      return reply.header('content-type', mediaType).send(metricsText(families, mediaType));
    },
  );
}
