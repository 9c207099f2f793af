/** The audit log's right edge: gives each entry its number and hash in the transaction of the act it is about. */
import {
  type AuditEntry,
  auditChainHash,
  auditGenesisHash,
  canonicalAuditEvent,
} from '../../domain/records/audit-event.ts';
import type { Connection } from './connection.ts';

/** The newest event; hash is hex. */
interface Head {
  readonly seq: number;
  readonly hash: string;
}

export interface AuditChain {
  append(entry: AuditEntry): void;
  /** Reads the head again before it is used: that in memory may be of a rolled back transaction, or another has written. */
  forgetHead(): void;
}

/** Must be used inside a write transaction: only then is the head read the newest. */
export function openAuditChain(connection: Connection): AuditChain {
  const newest = connection.prepare<[], Head>(
    'SELECT seq, lower(hex(hash)) AS hash FROM audit_events ORDER BY seq DESC LIMIT 1',
  );
  const insert = connection.prepare<[number, string, Buffer, Buffer]>(
    'INSERT INTO audit_events (seq, canonical, previous_hash, hash) VALUES (?, ?, ?, ?)',
  );
  let head: Head | undefined;

  return {
    append(entry) {
      const previous = head ?? newest.get() ?? { seq: 0, hash: auditGenesisHash };
      const seq = previous.seq + 1;
      const canonical = canonicalAuditEvent(seq, entry);
      const hash = auditChainHash(previous.hash, canonical);
      insert.run(seq, canonical, Buffer.from(previous.hash, 'hex'), Buffer.from(hash, 'hex'));
      head = { seq, hash };
    },
    forgetHead() {
      head = undefined;
    },
  };
}
