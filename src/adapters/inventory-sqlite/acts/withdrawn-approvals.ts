/** Approvals that end with the permission of who gave them. */
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { Statements } from '../lazy-statements.ts';
import type { AuditChain } from './audit-chain.ts';

/** Takes back the approvals of requests that wait for another one. `entry` is that of the act by which the operator may approve no more. */
export function approvalWithdrawal(connection: Statements, audit: AuditChain) {
  const waiting = connection
    .prepare<[string], string>(
      `SELECT id FROM requests JOIN request_verdicts ON request = id
       WHERE status = 'pending' AND operator = ? AND verdict = 'approved' ORDER BY id`,
    )
    .pluck();
  const remove = connection.prepare(
    `DELETE FROM request_verdicts WHERE request = ? AND operator = ? AND verdict = 'approved'`,
  );
  return (operator: string, entry: AuditEntry): void => {
    for (const id of waiting.all(operator)) {
      remove.run(id, operator);
      const object = `request:${id}`;
      audit.append({ ...entry, kind: 'request.approvalWithdrawn', object, details: { operator } });
    }
  };
}
