/** Predecessors that are revoked once their overlap with the successor is over: planned with the successor, done later. */
import type { CertificateRecord } from '../../../domain/records/certificate.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { certificateStates } from './certificate-states.ts';

/** One range of an index; a test asks SQLite for its plan. */
export const dueSupersessions =
  'SELECT lower(hex(serial)) FROM supersessions WHERE due_at <= ? ORDER BY due_at LIMIT ?';

/** Plans that the predecessor is revoked at this Unix second, unless it ends before or is revoked already. */
export function supersessionPlans(connection: Statements): (predecessor: string, at: number) => void {
  const insert = connection.prepare<[number, Buffer, number]>(
    `INSERT OR IGNORE INTO supersessions SELECT serial, ? FROM certificates
     WHERE serial = ? AND not_after > ? AND (state = 'issued' OR revocation_reason = 'certificateHold')`,
  );
  return (predecessor, at) => void insert.run(at, serialOctets(predecessor), at);
}

/** Operators have yet to decide whether the successor is good: it is looked at again after this long. */
const untilDecidedSeconds = 3600;

const isOnHold = (record: CertificateRecord | undefined): boolean => record?.revocation?.reason === 'certificateHold';

/** See the port. The successor is asked for here, in the transaction: nobody revokes it in between. */
export function supersessionActs(connection: Statements, audit: AuditChain): Pick<Acts, 'supersedeCertificate'> {
  const states = certificateStates(connection);
  const planned = connection.prepare<[Buffer]>('SELECT 1 FROM supersessions WHERE serial = ?').pluck();
  const forget = connection.prepare<[Buffer]>('DELETE FROM supersessions WHERE serial = ?');
  const postpone = connection.prepare<[number, Buffer]>('UPDATE supersessions SET due_at = ? WHERE serial = ?');

  return {
    supersedeCertificate({ serial, at, audit: entry }) {
      const plan = serialOctets(serial);
      if (planned.get(plan) === undefined) return undefined;
      const record = states.find(serial);
      const successor = record?.successor == null ? undefined : states.find(record.successor);
      const isGood = record?.state === 'issued' || isOnHold(record);
      if (record && isGood && isOnHold(successor) && record.notAfter > at) {
        postpone.run(at + untilDecidedSeconds, plan);
        return undefined;
      }
      forget.run(plan);
      if (!record || !isGood || successor?.state !== 'issued') return undefined;
      const revocation = { at, reason: 'superseded' } as const;
      states.revoke(serial, revocation);
      audit.append(entry);
      return { ...record, state: 'revoked', revocation };
    },
  };
}

/** Serials whose time has come, the longest due first. */
export function supersessionReads(connection: Statements): (now: number, limit: number) => readonly string[] {
  const due = connection.prepare<[number, number], string>(dueSupersessions).pluck();
  return (now, limit) => due.all(now, limit);
}
