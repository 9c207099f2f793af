/** Acts of revoking: certificates, holds and their release, and the lists that tell the world (RFC 5280 §5). */
import { CaError } from '../../../domain/errors.ts';
import { outranks } from '../../../domain/policy/revocation-reason.ts';
import type { CertificateRecord, Revocation } from '../../../domain/records/certificate.ts';
import type { Connection } from '../connection.ts';
import { octets, serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import { adminRule } from './admin-rule.ts';
import type { AuditChain } from './audit-chain.ts';
import { certificateStates } from './certificate-states.ts';

/** See the port; what is found revoked already is answered with its record, unchanged. */
export function revocationActs(
  connection: Connection,
  audit: AuditChain,
  { closeIntent }: Pick<Acts, 'closeIntent'>,
): Pick<Acts, 'revokeCertificate' | 'releaseCertificate' | 'recordCrl'> {
  const admins = adminRule(connection);
  const states = certificateStates(connection);
  const newestCrl = connection.prepare<[string], number>('SELECT crl_number FROM crls WHERE authority = ?').pluck();
  const replaceCrl = connection.prepare(
    `INSERT INTO crls (authority, crl_number, this_update, next_update, der) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (authority) DO UPDATE SET crl_number = excluded.crl_number, this_update = excluded.this_update,
       next_update = excluded.next_update, der = excluded.der`,
  );

  const sharing = connection
    .prepare<{ key: Buffer; serial: Buffer; owner: string | null; at: number }, string>(
      `SELECT lower(hex(serial)) FROM certificates
       WHERE key_sha256 = :key AND serial <> :serial AND purpose IN ('product', 'operator') AND not_after >= :at
         AND (state <> 'revoked' OR revocation_reason = 'certificateHold') AND (:owner IS NULL OR owner = :owner)`,
    )
    .pluck();

  /** Who has the key can do with each of them what the key's owner can. The last admin is for a person to replace. */
  const revokeSharers = (
    { serial, keySha256 }: CertificateRecord,
    { revocation, sharersOf, audit: entry }: Parameters<Acts['revokeCertificate']>[0],
  ): CertificateRecord[] => {
    const { at } = revocation;
    const asked = { key: octets(keySha256), serial: serialOctets(serial), owner: sharersOf ?? null, at };
    const found = sharing.all(asked).map((each) => states.find(each)!);
    const sharers = found.filter((each) => each.purpose !== 'operator' || !admins.needCertificate(each, at));
    for (const each of sharers) {
      const object = `certificate:${each.serial}`;
      if (each.state === 'intent') {
        const closed = {
          ...entry,
          kind: 'certificate.intentClosed',
          object,
          details: { sharesKeyWith: serial },
        } as const;
        closeIntent({ serial: each.serial, at: entry.at, audit: closed });
        continue;
      }
      states.revoke(each.serial, revocation);
      const details = { reason: revocation.reason, sharesKeyWith: serial };
      audit.append({ ...entry, object, details });
    }
    return sharers;
  };

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
      const sharers = revocation.reason === 'keyCompromise' ? revokeSharers(record, revoking) : [];
      return { kind: 'done', record: { ...record, state: 'revoked', revocation }, sharers };
    },

    releaseCertificate({ serial, audit: entry }) {
      const record = find(serial);
      if (!record) return { kind: 'notFound' };
      if (record.revocation?.reason !== 'certificateHold') return { kind: 'notHeld', record };
      states.release(serial);
      audit.append(entry);
      return { kind: 'done', record: { ...record, state: 'issued', revocation: null }, sharers: [] };
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

/** What was revoked for good stays revoked since then; a hold may have been released and put on again. */
const since = (earlier: Revocation | null, later: Revocation): Revocation =>
  earlier === null || earlier.reason === 'certificateHold' ? later : { ...later, at: earlier.at };
