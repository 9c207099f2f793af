/** Serials that are revoked although the inventory has no certificate of theirs: they were issued after a backup. */
import type { RevocationReason } from '../../../domain/policy/revocation-reason.ts';
import type { Revocation } from '../../../domain/records/certificate.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets, revocationOf } from '../rows/certificate-row.ts';

export interface QuarantinedSerial {
  /** Id of the generation that signed it. */
  readonly generation: string;
  readonly serial: string;
  readonly revocation: Revocation;
  /** Unix seconds; stays what it was for one that is there. */
  readonly listedUntil: number;
}

export interface QuarantinedSerials {
  find(generation: string, serial: string): Revocation | undefined;
  /** Replaces the revocation of one that is there. */
  put(quarantined: QuarantinedSerial): void;
}

export function quarantinedSerials(connection: Statements): QuarantinedSerials {
  const select = connection
    .prepare<[string, Buffer], readonly [number, RevocationReason, number | null]>(
      `SELECT revoked_at, revocation_reason, invalidity_date FROM quarantined_serials
       WHERE authority = ? AND serial = ?`,
    )
    .raw();
  const upsert = connection.prepare(
    `INSERT INTO quarantined_serials
       (revoked_at, revocation_reason, invalidity_date, serial, authority, listed_until) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (authority, serial) DO UPDATE SET revoked_at = excluded.revoked_at,
       revocation_reason = excluded.revocation_reason, invalidity_date = excluded.invalidity_date`,
  );
  return {
    find(generation, serial) {
      const row = select.get(generation, octets(serial));
      return row && revocationOf(...row);
    },
    put({ generation, serial, revocation: { at, reason, invalidityDate = null }, listedUntil }) {
      upsert.run(at, reason, invalidityDate, octets(serial), generation, listedUntil);
    },
  };
}
