/** Changes the state of a certificate wherever its row is: among the certificates, or in the archive. */
import type { CertificateRecord, Revocation } from '../../../domain/records/certificate.ts';
import type { Statements } from '../lazy-statements.ts';
import { type CertificateRow, octets, recordColumns, recordOf, serialOctets } from '../rows/certificate-row.ts';

export interface CertificateStates {
  find(serial: string): CertificateRecord | undefined;
  /** Whatever it was; after `keyCompromise` its key is blocked for good. False when there is no such certificate. */
  revoke(serial: string, revocation: Revocation): boolean;
  /** For good: compromise outlasts and outranks every other reason. False, and nothing is changed, where it is blocked so. */
  blockKey(keySha256: string): boolean;
  /** Issued again. */
  release(serial: string): void;
}

const tables = ['certificates', 'archived_certificates'] as const;

export function certificateStates(connection: Statements): CertificateStates {
  const selects = tables.map((table) =>
    connection.prepare<[Buffer], CertificateRow>(`SELECT ${recordColumns} FROM ${table} WHERE serial = ?`).raw(),
  );
  const revokes = tables.map((table) =>
    connection
      .prepare<[number, string, number | null, Buffer], Buffer>(
        `UPDATE ${table} SET state = 'revoked', revoked_at = ?, revocation_reason = ?, invalidity_date = ?
         WHERE serial = ? RETURNING key_sha256`,
      )
      .pluck(),
  );
  const releases = tables.map((table) =>
    connection.prepare<[Buffer]>(
      `UPDATE ${table} SET state = 'issued', revoked_at = NULL, revocation_reason = NULL, invalidity_date = NULL
       WHERE serial = ?`,
    ),
  );
  const block = connection.prepare<[Buffer]>(
    `INSERT INTO blocked_keys (key_sha256, reason) VALUES (?, 'compromised')
     ON CONFLICT (key_sha256) DO UPDATE SET reason = 'compromised' WHERE reason <> 'compromised'`,
  );
  return {
    find(serial) {
      const row = firstOf(selects, (select) => select.get(serialOctets(serial)));
      return row && recordOf(row);
    },
    revoke(serial, { at, reason, invalidityDate = null }) {
      const key = firstOf(revokes, (revoke) => revoke.get(at, reason, invalidityDate, octets(serial)));
      if (key && reason === 'keyCompromise') block.run(key);
      return key !== undefined;
    },
    blockKey: (keySha256) => block.run(octets(keySha256)).changes > 0,
    release(serial) {
      for (const release of releases) release.run(serialOctets(serial));
    },
  };
}

/** The first answer, asked of one after the other. */
function firstOf<T, Answer>(all: readonly T[], ask: (each: T) => Answer | undefined): Answer | undefined {
  for (const each of all) {
    const answer = ask(each);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
