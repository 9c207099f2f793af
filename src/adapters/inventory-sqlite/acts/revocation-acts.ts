/** Acts of revoking: certificates, holds and their release, and the lists that tell the world (RFC 5280 §5). */
import { CaError } from '../../../domain/errors.ts';
import { outranks } from '../../../domain/policy/revocation-reason.ts';
import type { CertificateRecord, Revocation } from '../../../domain/records/certificate.ts';
import type { Statements } from '../lazy-statements.ts';
import type { Acts } from './acts.ts';
import { adminRule } from './admin-rule.ts';
import type { AuditChain } from './audit-chain.ts';
import { certificateStates } from './certificate-states.ts';
import type { CompromiseActs } from './compromise-acts.ts';
import { quarantinedSerials } from './quarantined-serials.ts';
import { approvalWithdrawal } from './withdrawn-approvals.ts';

/** See the port; what is found revoked already is answered with its record, unchanged. */
export function revocationActs(
  connection: Statements,
  audit: AuditChain,
  compromises: Pick<CompromiseActs, 'beginCompromise'>,
): Pick<Acts, 'revokeCertificate' | 'quarantineCertificate' | 'releaseCertificate' | 'recordCrl'> {
  const admins = adminRule(connection);
  const states = certificateStates(connection);
  const quarantine = quarantinedSerials(connection);
  const approvals = approvalWithdrawal(connection, audit);
  const newestCrl = connection.prepare<[string], number>('SELECT crl_number FROM crls WHERE authority = ?').pluck();
  const replaceCrl = connection.prepare(
    `INSERT INTO crls (authority, crl_number, this_update, next_update, der) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (authority) DO UPDATE SET crl_number = excluded.crl_number, this_update = excluded.this_update,
       next_update = excluded.next_update, der = excluded.der`,
  );

  /** An open intent is no certificate yet: its way out is to be issued or closed. */
  const find = (serial: string): CertificateRecord | undefined => {
    const record = states.find(serial);
    return record?.state === 'intent' ? undefined : record;
  };

  return {
    revokeCertificate(revoking) {
      const { serial, audit: entry } = revoking;
      const record = find(serial);
      if (!record) return { kind: 'notFound' };
      const earlier = record.revocation;
      if (earlier && !outranks(revoking.revocation.reason, earlier.reason)) return { kind: 'alreadyRevoked', record };
      const revocation = since(earlier, revoking.revocation);
      if (record.purpose === 'operator' && admins.needCertificate(record, revocation.at)) return { kind: 'lastAdmin' };
      states.revoke(serial, revocation);
      audit.append(entry);
      approvals.withCertificate(record, revocation.reason, entry);
      const owner = revoking.sharersOf ?? null;
      const further =
        revocation.reason === 'keyCompromise'
          ? compromises.beginCompromise({ named: record, owner, revocation: revoking.revocation, audit: entry })
          : none;
      return { kind: 'done', record: { ...record, state: 'revoked', revocation }, ...further };
    },

    quarantineCertificate({ keySha256, audit: entry, ...quarantining }) {
      const earlier = quarantine.find(quarantining.generation, quarantining.serial) ?? null;
      const { reason } = quarantining.revocation;
      const stays = earlier !== null && !outranks(reason, earlier.reason);
      // A list, from which a restore knows it, does not tell the key.
      const blocks = reason === 'keyCompromise' && states.blockKey(keySha256);
      if (stays && !blocks) return { kind: 'alreadyRevoked', revocation: earlier };
      const revocation = stays ? earlier : since(earlier, quarantining.revocation);
      quarantine.put({ ...quarantining, revocation });
      audit.append(entry);
      return { kind: 'done', revocation };
    },

    releaseCertificate({ serial, audit: entry }) {
      const record = find(serial);
      if (!record) return { kind: 'notFound' };
      if (record.revocation?.reason !== 'certificateHold') return { kind: 'notHeld', record };
      states.release(serial);
      audit.append(entry);
      return { kind: 'done', record: { ...record, state: 'issued', revocation: null }, ...none };
    },

    recordCrl(crl, entry) {
      const newest = newestCrl.get(crl.authority) ?? -1;
      if (crl.crlNumber <= newest) {
        // RFC 5280 §5.2.3: CRL numbers only grow.
        throw new CaError('conflict', `The CRL number ${crl.crlNumber} of ${crl.authority} is not above ${newest}.`);
      }
      replaceCrl.run(crl.authority, crl.crlNumber, crl.thisUpdate, crl.nextUpdate, crl.der);
      audit.append(entry);
    },
  };
}

const none = { sharers: [], areLeft: false } as const;

/** What was revoked for good stays revoked since then; a hold may have been released and put on again. */
const since = (earlier: Revocation | null, later: Revocation): Revocation =>
  earlier === null || earlier.reason === 'certificateHold' ? later : { ...later, at: earlier.at };
