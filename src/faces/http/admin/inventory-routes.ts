/** What the inventory holds, counted. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { InventorySummaryJson, SummaryQuery } from '../../../api/inventory.ts';
import type { Services } from '../../../services/services.ts';
import { sendJson } from '../certificate-formats.ts';
import { commonProblems, jsonAnswer, problems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Permission } from './operator-permissions.ts';

export function addInventoryRoutes(
  face: Face,
  { services, now }: Pick<FaceDeps, 'services' | 'now'>,
  may: (permission: Permission) => onRequestAsyncHookHandler[],
): void {
  face.get(
    '/v1/inventory/summary',
    {
      onRequest: may('read'),
      schema: {
        operationId: 'summarizeInventory',
        tags: ['certificates'],
        summary: 'Counts by product, profile, key type and week of expiry',
        description:
          'Counts are kept with every change, so this costs the same however many certificates there are. An environment without certificates has counts of 0.',
        security: [{ operatorCertificate: [] }],
        querystring: SummaryQuery,
        response: {
          200: jsonAnswer('The counts.', InventorySummaryJson),
          ...problems(...commonProblems, 'unauthenticated', 'unauthorized', 'overloaded', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const summary = await services.summarizeInventory(request.query.environment);
      return sendJson(reply, summaryJson(summary, now()));
    },
  );
}

type Summary = Awaited<ReturnType<Services['summarizeInventory']>>;

const summaryJson = (summary: Summary, now: number): InventorySummaryJson => ({
  at: rfc3339(Math.floor(now / 1000)),
  total: summary.total,
  products: Array.from(summary.products, ([product, counts]) => ({ product, ...counts })),
  profiles: Array.from(summary.profiles, ([profile, counts]) => ({ profile, ...counts })),
  keyTypes: Array.from(summary.keyTypes, ([keyType, counts]) => ({ keyType, ...counts })),
  expiryWeeks: Array.from(summary.expiryWeeks, ([monday, counts]) => ({ week: dateText(monday), ...counts })),
});

const dateText = (seconds: number): string => rfc3339(seconds).slice(0, 10);
