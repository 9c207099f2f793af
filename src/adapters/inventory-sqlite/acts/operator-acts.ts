/** Acts on operators: they come, change their role, and go with all their certificates. */
import { CaError } from '../../../domain/errors.ts';
import { permissions } from '../../../domain/policy/operator-permissions.ts';
import type { Operator } from '../../../domain/records/environment.ts';
import type { Statements } from '../lazy-statements.ts';
import { actingOperators } from './acting-operators.ts';
import type { Acts } from './acts.ts';
import { adminRule } from './admin-rule.ts';
import type { AuditChain } from './audit-chain.ts';
import { approvalWithdrawal } from './withdrawn-approvals.ts';

const revokeAllSql = `UPDATE certificates SET state = 'revoked', revoked_at = ?, revocation_reason = ?, invalidity_date = ?
  WHERE owner = ? AND purpose = 'operator' AND (state <> 'revoked' OR revocation_reason = 'certificateHold')
  RETURNING lower(hex(serial))`;

export function operatorActs(
  connection: Statements,
  audit: AuditChain,
): Pick<Acts, 'createOperator' | 'setOperatorRole' | 'removeOperator'> {
  const admins = adminRule(connection);
  const assertAdmin = actingOperators(connection, 'administer');
  const approvals = approvalWithdrawal(connection, audit);
  const select = connection.prepare<[string], Operator>(
    'SELECT name, role, created_at AS createdAt FROM operators WHERE name = ?',
  );
  const insert = connection.prepare('INSERT INTO operators (name, role, created_at) VALUES (?, ?, ?)');
  const setRole = connection.prepare('UPDATE operators SET role = ? WHERE name = ?');
  const remove = connection.prepare('DELETE FROM operators WHERE name = ?');
  const revokeAll = connection.prepare<unknown[], string>(revokeAllSql).pluck();
  const goodSerials = connection
    .prepare<[string, number], string>(
      `SELECT lower(hex(serial)) FROM certificates
       WHERE owner = ? AND purpose = 'operator' AND state = 'issued' AND not_after >= ?`,
    )
    .pluck();

  return {
    createOperator({ name, role, createdAt }, entry) {
      if (select.get(name)) throw new CaError('conflict', `There is already an operator ${name}.`);
      insert.run(name, role, createdAt);
      audit.append(entry);
    },

    setOperatorRole({ name, role, now, by, audit: entry }) {
      assertAdmin(by);
      const operator = select.get(name);
      if (!operator) return { kind: 'notFound' };
      if (operator.role === role) return { kind: 'unchanged', operator };
      // An admin's role can only become a lesser one.
      if (admins.needOperator(name, now)) return { kind: 'lastAdmin' };
      setRole.run(role, name);
      audit.append(entry);
      if (!permissions[role].approve) approvals.ofOperator(name, entry);
      return { kind: 'done', operator: { ...operator, role }, serials: goodSerials.all(name, now) };
    },

    removeOperator({ name, revocation, by, audit: entry }) {
      assertAdmin(by);
      const { at, reason, invalidityDate = null } = revocation;
      if (!select.get(name)) return { kind: 'notFound' };
      if (admins.needOperator(name, at)) return { kind: 'lastAdmin' };
      remove.run(name);
      audit.append(entry);
      approvals.ofOperator(name, entry);
      const revoked = revokeAll.all(at, reason, invalidityDate, name);
      for (const serial of revoked) {
        const object = `certificate:${serial}`;
        audit.append({ ...entry, kind: 'certificate.revoked', object, details: { reason, operator: name } });
      }
      return { kind: 'done', revoked };
    },
  };
}
