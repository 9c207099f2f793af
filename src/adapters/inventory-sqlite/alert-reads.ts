/** Reads of alerts and of the outbox of webhooks. */
import type { Alert } from '../../domain/alerts/alert.ts';
import type { AlertStore, Delivery } from '../../ports/alert-store.ts';
import type { Connection } from './connection.ts';
import { asked } from './point-reads.ts';
import { rotationCounts } from './rotation-counts.ts';

/** A test asks SQLite for the plan of each. */
export const alertLookUps = {
  due: `SELECT id, message, lower(hex(endpoint)) AS endpoint, body, attempts FROM webhook_deliveries
    WHERE due_at <= ? ORDER BY due_at LIMIT ?`,
} as const;

/** Few: one for each product, threshold and kind, as long as it is the case. */
const openAlerts = `SELECT id, kind, subject, within_days AS withinDays, count, opened_at AS openedAt FROM alerts
  ORDER BY opened_at, id`;

type AlertRead = 'openAlerts' | 'dueDeliveries' | 'pendingDeliveries' | 'rotationCounts';

export function alertReads(connection: Connection): Pick<AlertStore, AlertRead> {
  const open = connection.prepare<[], Alert>(openAlerts);
  const due = connection.prepare<[number, number], Delivery>(alertLookUps.due);
  const pending = connection.prepare<[], number>('SELECT count(*) FROM webhook_deliveries').pluck();
  return {
    openAlerts: asked(() => open.all()),
    dueDeliveries: asked((at: number, limit: number) => due.all(at, limit)),
    pendingDeliveries: asked(() => pending.get() ?? 0),
    rotationCounts: rotationCounts(connection),
  };
}
