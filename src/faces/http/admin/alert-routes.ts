/** The alerts that are open, for operators. */
import type { onRequestAsyncHookHandler } from 'fastify';
import { type AlertJson, AlertList } from '../../../api/alert.ts';
import { NoQuery } from '../../../api/service.ts';
import { type Alert, type AlertKind, alertSeverity, alertSummary } from '../../../domain/alerts/alert.ts';
import type { Services } from '../../../services/services.ts';
import { jsonAnswer, operatorSecurity, problems, readProblems } from '../documentation.ts';
import type { Face } from '../face-deps.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { sendJson } from '../routes/certificate-formats.ts';

export function addAlertRoutes(
  face: Face,
  services: Pick<Services, 'listAlerts'>,
  mayRead: onRequestAsyncHookHandler[],
): void {
  face.get(
    '/v1/alerts',
    {
      onRequest: mayRead,
      schema: {
        operationId: 'listAlerts',
        tags: ['service'],
        summary: 'The open alerts, the longest open first',
        description:
          'One for each condition, for as long as it is met and ten minutes more. Looked at once a minute; those that are over are in the audit log.',
        security: operatorSecurity,
        querystring: NoQuery,
        response: {
          200: jsonAnswer('The alerts, all on one page.', AlertList),
          ...problems(...readProblems, 'inventoryUnavailable'),
        },
      },
    },
    async (_request, reply) => {
      const alerts = await services.listAlerts();
      return sendJson(reply, { items: alerts.map(alertJson), nextCursor: null } satisfies AlertList);
    },
  );
}

const alertJson = (alert: Alert): AlertJson => ({
  id: alert.id,
  kind: alert.kind,
  severity: alertSeverity(alert),
  subject: alert.subject,
  withinDays: alert.withinDays,
  count: alert.count,
  openedAt: rfc3339Ms(alert.openedAt),
  summary: alertSummary(alert),
  certificates: listOf(alert),
});

/** The question that lists what an alert is about. */
const questions: Readonly<Record<AlertKind, Readonly<Record<string, string>> | null>> = {
  certificatesExpiring: { rotation: 'overdue', sort: 'notAfter' },
  rotationOverdue: { rotation: 'overdue' },
  deploymentFailed: { deployment: 'failed', status: 'valid', successor: 'none' },
  campaignOverdue: null,
  crlStale: null,
  importedCrlEnding: null,
  importedCrlMissing: null,
};

function listOf({ kind, subject }: Alert): string | null {
  const question = questions[kind];
  return question && `/v1/certificates?${new URLSearchParams({ product: subject, ...question })}`;
}
