/** Approvals that end before their request is issued: with the permission, or the trust, of who gave them. */
import { permissions } from '../../../domain/policy/operator-permissions.ts';
import { castsDoubt, type RevocationReason, undoubted } from '../../../domain/policy/revocation-reason.ts';
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { CertificateRecord } from '../../../domain/records/certificate.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { AuditChain } from './audit-chain.ts';

interface Approval {
  readonly id: string;
  readonly operator: string;
}

const listOf = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
const approvers = Object.entries(permissions).flatMap(([role, { approve }]) => (approve ? [role] : []));

/** What is being signed is left alone: it is issued, or its intent is closed and its approvals are judged then. */
export const approvalsOfOperator = `SELECT id, operator FROM requests JOIN request_verdicts ON request = id
  WHERE status IN ('pending', 'approved') AND serial IS NULL AND operator = ? AND verdict = 'approved' ORDER BY id`;

/** No process of a backup's service is left that could redeem an open intent. */
export const approvalsOfBackup = `SELECT id, operator FROM requests JOIN request_verdicts ON request = id
  WHERE status IN ('pending', 'approved') AND verdict = 'approved' ORDER BY id, operator`;

/** The approvals of a request that would not be there if nothing had been signed for it meanwhile. */
export const lapsedApprovals = `SELECT id, v.operator FROM requests JOIN request_verdicts AS v ON v.request = id
  WHERE requests.serial = ? AND v.verdict = 'approved' AND (
    NOT EXISTS (SELECT 1 FROM operators AS o
      WHERE o.name = v.operator AND o.role IN (${listOf(approvers)}) AND o.created_at <= v.at)
    OR EXISTS (SELECT 1 FROM certificates AS c
      WHERE c.owner = v.operator AND c.purpose = 'operator' AND c.state = 'revoked' AND c.issued_at IS NOT NULL
        AND c.revocation_reason NOT IN (${listOf(undoubted)}) AND c.revoked_at >= v.at / 1000))
  ORDER BY v.operator`;

/** In the transaction of the act whose audit entry is `entry`. A request that has too few approvals left is pending again. */
export function approvalWithdrawal(connection: Statements, audit: AuditChain) {
  const ofOperator = connection.prepare<[string], Approval>(approvalsOfOperator);
  const all = connection.prepare<[], Approval>(approvalsOfBackup);
  const lapsed = connection.prepare<[Buffer], Approval>(lapsedApprovals);
  const remove = connection.prepare(
    `DELETE FROM request_verdicts WHERE request = ? AND operator = ? AND verdict = 'approved'`,
  );
  const reopen = connection.prepare("UPDATE requests SET status = 'pending', serial = NULL WHERE id = ?");

  const withdraw = (approvals: readonly Approval[], entry: AuditEntry): void => {
    for (const { id, operator } of approvals) {
      remove.run(id, operator);
      // No request is approved by more than it needs.
      reopen.run(id);
      const object = `request:${id}`;
      audit.append({ ...entry, kind: 'request.approvalWithdrawn', object, details: { operator } });
    }
  };

  return {
    ofOperator: (name: string, entry: AuditEntry): void => withdraw(ofOperator.all(name), entry),
    /** Whoever had the key may have approved with it, or with another that it was renewed for. */
    withCertificate({ purpose, owner }: CertificateRecord, reason: RevocationReason, entry: AuditEntry): void {
      if (purpose === 'operator' && castsDoubt(reason)) withdraw(ofOperator.all(owner), entry);
    },
    /** What became of any open request after the backup, and of who approved it, is not known. */
    ofBackup: (entry: AuditEntry): void => withdraw(all.all(), entry),
    /** Asked before the intent lets go of its request. */
    ofClosedIntent: (serial: string, entry: AuditEntry): void => withdraw(lapsed.all(serialOctets(serial)), entry),
  };
}
