/** Acts of the audit log's own upkeep: the keys that sign checkpoints, and the checkpoints. */
import { CaError } from '../../../domain/errors.ts';
import type { Statements } from '../lazy-statements.ts';
import { serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';

export function auditActs(connection: Statements, audit: AuditChain): Pick<Acts, 'addAuditKey' | 'recordCheckpoint'> {
  const known = connection.prepare<[string, string, Buffer], number>(
    'SELECT 1 FROM audit_keys WHERE (vault = ? AND vault_key = ?) OR certificate_serial = ?',
  );
  const insertKey = connection.prepare(
    'INSERT INTO audit_keys (vault, vault_key, certificate_serial, certificate) VALUES (?, ?, ?, ?)',
  );
  const findKey = connection
    .prepare<[Buffer], number>('SELECT id FROM audit_keys WHERE certificate_serial = ?')
    .pluck();
  const isNext = connection
    .prepare<[number, number], number>(
      `SELECT 1 FROM audit_events WHERE seq = ? AND ? > (SELECT coalesce(max(seq), 0) FROM audit_checkpoints)`,
    )
    .pluck();
  const insert = connection.prepare('INSERT INTO audit_checkpoints (seq, note, key) VALUES (?, ?, ?)');
  return {
    addAuditKey({ vault, vaultKey, certificateSerial, certificateDer }, entry) {
      const serial = serialOctets(certificateSerial);
      if (known.get(vault, vaultKey, serial))
        throw new CaError('conflict', `The key ${vaultKey} is an audit key already.`);
      insertKey.run(vault, vaultKey, serial, certificateDer);
      audit.append(entry);
    },
    recordCheckpoint({ seq, note, certificateSerial }) {
      const key = findKey.get(serialOctets(certificateSerial));
      if (key === undefined) throw new CaError('conflict', `No audit key has the certificate ${certificateSerial}.`);
      if (!isNext.get(seq, seq)) {
        throw new CaError(
          'conflict',
          `A checkpoint of event ${seq} would not be the next: the log or its checkpoints went on.`,
        );
      }
      insert.run(seq, note, key);
    },
  };
}
