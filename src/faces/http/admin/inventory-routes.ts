/** What the inventory holds, counted. */
import { ExpiringJson, ExpiringQuery, InventorySummaryJson, SummaryQuery } from '../../../api/inventory.ts';
import type { ExpiringView, Services } from '../../../services/services.ts';
import { jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face, FaceDeps } from '../face-deps.ts';
import { integersInQuery } from '../json/integers-in-query.ts';
import { rfc3339 } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';
import type { May } from './may.ts';

export function addInventoryRoutes(face: Face, { services, now }: Pick<FaceDeps, 'services' | 'now'>, may: May): void {
  addExpiringRoute(face, services, may);
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
        security: operatorSecurity,
        querystring: SummaryQuery,
        response: {
          200: jsonAnswer('The counts.', InventorySummaryJson),
          ...problems(...readProblems, 'overloaded', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const summary = await services.summarizeInventory(request.query.environment);
      return sendJson(reply, summaryJson(summary, now()));
    },
  );
}

function addExpiringRoute(face: Face, services: Pick<Services, 'countExpiring'>, may: May): void {
  face.get(
    '/v1/inventory/expiring',
    {
      onRequest: may('read'),
      preValidation: integersInQuery('days'),
      schema: {
        operationId: 'countExpiring',
        tags: ['certificates'],
        summary: 'How many good certificates of products expire, by day and by product',
        description: 'Counts are kept with every change: no certificate is read, but for those that are overdue.',
        security: operatorSecurity,
        querystring: ExpiringQuery,
        response: {
          200: jsonAnswer('The counts.', ExpiringJson),
          ...problems(...readProblems, 'overloaded', 'inventoryUnavailable'),
        },
      },
    },
    async (request, reply) => {
      const { days = defaultDays, ...only } = request.query;
      return sendJson(reply, expiringJson(await services.countExpiring({ days, ...only })));
    },
  );
}

const defaultDays = 90;

function expiringJson({ now, until, ...counts }: ExpiringView): ExpiringJson {
  const days = Array.from(counts.days, ([day, count]) => ({ date: dateText(day), ...count }));
  const products = Array.from(counts.products, ([product, count]) => ({ product, ...count }));
  products.sort((a, b) => b.certificates - a.certificates || (a.product < b.product ? -1 : 1));
  const total = { certificates: 0, withoutSuccessor: 0, overdue: 0 };
  for (const count of counts.days.values()) {
    total.certificates += count.certificates;
    total.withoutSuccessor += count.withoutSuccessor;
    total.overdue += count.overdue;
  }
  return { at: rfc3339(now), until: rfc3339(until), ...total, days, products };
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
