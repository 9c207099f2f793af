/** Who may approve requests, judged inside the transaction of the act; what one has approved ends with that. */
import { CaError } from '../../../domain/errors.ts';
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { Operator } from '../../../domain/records/environment.ts';
import type { Statements } from '../lazy-statements.ts';
import type { AuditChain } from './audit-chain.ts';

/** Throws CaError `unauthorized` for who is an auditor, or no operator, by now. */
export function actingApprovers(connection: Statements): (operator: string) => void {
  const role = connection.prepare<[string], Operator['role']>('SELECT role FROM operators WHERE name = ?').pluck();
  return (operator) => {
    const found = role.get(operator);
    if (found === 'admin' || found === 'operator') return;
    throw new CaError('unauthorized', `The operator ${operator} may not approve requests any more.`);
  };
}

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
