/** The act that moves certificates which expired long ago out of the tables that searches and issuance use. */
import { CaError } from '../../../domain/errors.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';

/** Everything of a row that the archive keeps, under the same names. Its label stays for those that come after it. */
const movedColumns = `serial, state, purpose, environment, owner, authority, issuer_serial, profile, profile_version,
  product_version, subject, names, key_type, key_sha256, tbs_sha256, not_before, not_after, requested_by, requested_at,
  token_id, issued_at, predecessor, successor, revoked_at, revocation_reason, invalidity_date,
  requested_event, issued_event`;

/** See the port; which rows may go is decided by `archivable`, and the barest of it is asked again here. */
export function archiveActs(connection: Statements, audit: AuditChain): Pick<Acts, 'archiveCertificates'> {
  const movable = connection
    .prepare<[Buffer], number>(
      `SELECT id FROM certificates WHERE serial = ? AND state <> 'intent' AND purpose <> 'authority'`,
    )
    .pluck();
  const copy = connection.prepare(
    `INSERT INTO archived_certificates (former_id, ${movedColumns}, der)
     SELECT id, ${movedColumns}, (SELECT der FROM certificate_bodies WHERE certificate = id) FROM certificates WHERE id = ?`,
  );
  const removals = [
    'idempotency_keys WHERE certificate',
    'certificate_bodies WHERE certificate',
    'deployments WHERE certificate',
    'certificates WHERE id',
  ];
  const remove = removals.map((rows) => connection.prepare(`DELETE FROM ${rows} = ?`));

  const find = (serial: string): number => {
    const id = movable.get(serialOctets(serial));
    if (id === undefined) throw new CaError('conflict', `The certificate ${serial} cannot be archived.`);
    return id;
  };

  return {
    archiveCertificates({ serials, audit: entry }) {
      for (const id of serials.map(find)) {
        copy.run(id);
        for (const statement of remove) statement.run(id);
      }
      audit.append(entry);
    },
  };
}
