/** Reads of alerts and of the outbox of webhooks. */
import type { Alert } from '../../../domain/alerts/alert.ts';
import type { AlertStore, Delivery } from '../../../ports/alert-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets } from '../rows/certificate-row.ts';
import { rotationSlice } from '../search/rotation-counts.ts';
import { asked } from './point-reads.ts';

/** A test asks SQLite for the plan. */
export const alertLookUps = {
  deliveriesTo: `SELECT id, message, lower(hex(endpoint)) AS endpoint, body, attempts FROM webhook_deliveries
    WHERE endpoint = ? ORDER BY id LIMIT ?`,
} as const;

/** Few: there are ten endpoints at most. */
const dueEndpoints = 'SELECT DISTINCT lower(hex(endpoint)) FROM webhook_deliveries WHERE due_at <= ?';

/** Few: one for each product, threshold and kind, as long as it is the case. */
const openAlerts = `SELECT id, kind, subject, within_days AS withinDays, count, opened_at AS openedAt FROM alerts
  ORDER BY opened_at, id`;

type AlertRead = 'openAlerts' | 'dueEndpoints' | 'deliveriesTo' | 'pendingDeliveries' | 'rotationSlice';

export function alertReads(connection: Statements): Pick<AlertStore, AlertRead> {
  const open = connection.prepare<[], Alert>(openAlerts);
  const due = connection.prepare<[number], string>(dueEndpoints).pluck();
  const to = connection.prepare<[Buffer, number], Delivery>(alertLookUps.deliveriesTo);
  const pending = connection.prepare<[], number>('SELECT count(*) FROM webhook_deliveries').pluck();
  return {
    openAlerts: asked(() => open.all()),
    dueEndpoints: asked((at: number) => due.all(at)),
    deliveriesTo: asked((endpoint: string, limit: number) => to.all(octets(endpoint), limit)),
    pendingDeliveries: asked(() => pending.get() ?? 0),
    rotationSlice: rotationSlice(connection),
  };
}
