/** Acts of revoking: certificates, holds and their release, and the lists that tell the world (RFC 5280 §5). */
import { CaError } from '../../domain/errors.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Acts } from './acts.ts';
import { adminRule } from './admin-rule.ts';
import type { AuditChain } from './audit-chain.ts';
import { type CertificateRow, octets, recordColumns, recordOf, serialOctets } from './certificate-row.ts';
import type { Connection } from './connection.ts';

/** See the port; what is found revoked already is answered with its record, unchanged. */
export function revocationActs(
  connection: Connection,
  audit: AuditChain,
): Pick<Acts, 'revokeCertificate' | 'releaseCertificate' | 'recordCrl'> {
  const admins = adminRule(connection);
  const select = connection.prepare(`SELECT ${recordColumns} FROM certificates WHERE serial = ?`).raw();
  const revoke = connection.prepare(
    `UPDATE certificates SET state = 'revoked', revoked_at = ?, revocation_reason = ?, invalidity_date = ?
     WHERE serial = ?`,
  );
  const release = connection.prepare(
    `UPDATE certificates SET state = 'issued', revoked_at = NULL, revocation_reason = NULL, invalidity_date = NULL
     WHERE serial = ?`,
  );
  // Compromise outlasts and outranks every other reason: nobody may have this key certified again.
  const block = connection.prepare(
    `INSERT INTO blocked_keys (key_sha256, reason) VALUES (?, 'compromised')
     ON CONFLICT (key_sha256) DO UPDATE SET reason = 'compromised'`,
  );
  const newestCrl = connection.prepare<[string], number>('SELECT crl_number FROM crls WHERE authority = ?').pluck();
  const replaceCrl = connection.prepare(
    `INSERT INTO crls (authority, crl_number, this_update, next_update, der) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (authority) DO UPDATE SET crl_number = excluded.crl_number, this_update = excluded.this_update,
       next_update = excluded.next_update, der = excluded.der`,
  );

  /** An open intent is no certificate yet: its way out is to be issued or closed. */
  const find = (serial: string): CertificateRecord | undefined => {
    const row = select.get(serialOctets(serial)) as CertificateRow | undefined;
    return row && row[1] !== 'intent' ? recordOf(row) : undefined;
  };

  return {
    revokeCertificate({ serial, revocation, audit: entry }) {
      const record = find(serial);
      if (!record) return { kind: 'notFound' };
      const held = record.revocation?.reason === 'certificateHold';
      if (record.revocation && !(held && revocation.reason !== 'certificateHold')) {
        return { kind: 'alreadyRevoked', record };
      }
      if (record.purpose === 'operator' && admins.needCertificate(record, revocation.at)) return { kind: 'lastAdmin' };
      revoke.run(revocation.at, revocation.reason, revocation.invalidityDate ?? null, serialOctets(serial));
      if (revocation.reason === 'keyCompromise') block.run(octets(record.keySha256));
      audit.append(entry);
      return { kind: 'done', record: { ...record, state: 'revoked', revocation } };
    },

    releaseCertificate({ serial, audit: entry }) {
      const record = find(serial);
      if (!record) return { kind: 'notFound' };
      if (record.revocation?.reason !== 'certificateHold') return { kind: 'notHeld', record };
      release.run(serialOctets(serial));
      audit.append(entry);
      return { kind: 'done', record: { ...record, state: 'issued', revocation: null } };
    },

    recordCrl(crl, entry) {
      const newest = newestCrl.get(crl.authority) ?? 0;
      if (crl.crlNumber <= newest) {
        // RFC 5280 §5.2.3: CRL numbers only grow.
        throw new CaError('conflict', `The CRL number ${crl.crlNumber} of ${crl.authority} is not above ${newest}.`);
      }
      replaceCrl.run(crl.authority, crl.crlNumber, crl.thisUpdate, crl.nextUpdate, crl.der);
      audit.append(entry);
    },
  };
}
