/** Acts on alerts and on the outbox of webhooks: what is opened and cleared, and what became of each try to tell of it. */
import { mostDeliveries } from '../../../ports/alert-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';

type AlertAct = 'recordAlerts' | 'settleDelivery' | 'postponeDeliveries';

export function alertActs(connection: Statements, audit: AuditChain): Pick<Acts, AlertAct> {
  const open = connection.prepare(
    `INSERT INTO alerts (id, kind, subject, within_days, count, opened_at) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  const count = connection.prepare('UPDATE alerts SET count = ? WHERE id = ?');
  const clear = connection.prepare('DELETE FROM alerts WHERE id = ?');
  const queue = connection.prepare(
    `INSERT INTO webhook_deliveries (message, endpoint, body, attempts, due_at, created_at)
     VALUES (@message, @endpoint, @body, 0, @at, @at)`,
  );
  const dropOldest = connection.prepare(
    `DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries ORDER BY id DESC LIMIT -1 OFFSET ${mostDeliveries})`,
  );
  const postpone = connection.prepare(
    'UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = ? WHERE endpoint = ?',
  );
  const giveUp = connection.prepare('DELETE FROM webhook_deliveries WHERE endpoint = ? AND created_at < ?');
  const remove = connection.prepare('DELETE FROM webhook_deliveries WHERE id = ?');

  return {
    recordAlerts(changes) {
      for (const { id, kind, subject, withinDays, count: certificates, openedAt } of changes.opened) {
        open.run(id, kind, subject, withinDays, certificates, openedAt);
      }
      for (const { id, count: certificates } of changes.counted) count.run(certificates, id);
      for (const id of changes.cleared) clear.run(id);
      for (const { message, endpoint, body } of changes.deliveries) {
        queue.run({ message, endpoint: octets(endpoint), body, at: changes.at });
      }
      for (const entry of changes.audit) audit.append(entry);
      return changes.deliveries.length === 0 ? 0 : dropOldest.run().changes;
    },
    settleDelivery(id) {
      remove.run(id);
    },
    postponeDeliveries({ endpoint, dueAt, givenUpBefore }) {
      const { changes: givenUp } = giveUp.run(octets(endpoint), givenUpBefore);
      postpone.run(dueAt, octets(endpoint));
      return givenUp;
    },
  };
}
