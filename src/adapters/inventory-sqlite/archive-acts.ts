/** The act that moves certificates which expired long ago out of the tables that searches and issuance use. */
import { CaError } from '../../domain/errors.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { reversed, serialOctets } from './certificate-row.ts';
import type { Connection } from './connection.ts';

/** Everything of a row that the archive keeps, under the same names. */
const movedColumns = `serial, state, purpose, environment, owner, authority, issuer_serial, profile, profile_version,
  product_version, subject, names, key_type, key_sha256, tbs_sha256, not_before, not_after, requested_by, requested_at,
  token_id, issued_at, predecessor, successor, revoked_at, revocation_reason, invalidity_date`;

interface Movable {
  readonly id: number;
  readonly names: string;
}

/** See the port; which rows may go is decided by `archivable`, and the barest of it is asked again here. */
export function archiveActs(connection: Connection, audit: AuditChain): Pick<Acts, 'archiveCertificates'> {
  const movable = connection.prepare<[Buffer], Movable>(
    `SELECT id, names FROM certificates WHERE serial = ? AND state <> 'intent' AND purpose <> 'authority'`,
  );
  const copy = connection.prepare(
    `INSERT INTO archived_certificates (former_id, ${movedColumns}, der)
     SELECT id, ${movedColumns}, (SELECT der FROM certificate_bodies WHERE certificate = id) FROM certificates WHERE id = ?`,
  );
  const removeName = connection.prepare('DELETE FROM certificate_names WHERE reversed = ? AND certificate = ?');
  const removals = [
    'idempotency_keys WHERE certificate',
    'certificate_bodies WHERE certificate',
    'certificates WHERE id',
  ];
  const remove = removals.map((rows) => connection.prepare(`DELETE FROM ${rows} = ?`));

  const find = (serial: string): Movable => {
    const row = movable.get(serialOctets(serial));
    if (!row) throw new CaError('conflict', `The certificate ${serial} cannot be archived.`);
    return row;
  };

  return {
    archiveCertificates({ serials, audit: entry }) {
      for (const { id, names } of serials.map(find)) {
        copy.run(id);
        for (const name of names.split('\n')) removeName.run(reversed(name), id);
        for (const statement of remove) statement.run(id);
      }
      audit.append(entry);
    },
  };
}
