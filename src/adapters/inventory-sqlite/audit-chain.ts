/** The audit log's right edge: gives each entry its number and hash in the transaction of the act it is about. */
import {
  type AuditEntry,
  auditChainHash,
  auditGenesisHash,
  canonicalAuditEvent,
} from '../../domain/records/audit-event.ts';
import type { Connection } from './connection.ts';

/** The newest event, hash in hex, and the latest time that any event has. */
interface Head {
  readonly seq: number;
  readonly hash: string;
  readonly latest: number;
}

export interface AuditChain {
  append(entry: AuditEntry): void;
  /** Reads the head again before it is used: that in memory may be of a rolled back transaction, or another has written. */
  forgetHead(): void;
}

/** Must be used inside a write transaction: only then is the head read the newest. */
export function openAuditChain(connection: Connection): AuditChain {
  const newest = connection.prepare<[], Head>(
    `SELECT seq, lower(hex(hash)) AS hash, (SELECT max(at) FROM audit_events) AS latest
     FROM audit_events ORDER BY seq DESC LIMIT 1`,
  );
  const insert = connection.prepare<[number, string, Buffer, Buffer]>(
    'INSERT INTO audit_events (seq, canonical, previous_hash, hash) VALUES (?, ?, ?, ?)',
  );
  // What a search for a time relies on (audit-search.ts): it grows a few times in the life of a log.
  const widen = connection.prepare<[number, number]>('UPDATE audit_disorder SET ms = ? WHERE ms < ?');
  let head: Head | undefined;

  return {
    append(entry) {
      const previous = head ?? newest.get() ?? { seq: 0, hash: auditGenesisHash, latest: entry.at };
      const seq = previous.seq + 1;
      const canonical = canonicalAuditEvent(seq, entry);
      const hash = auditChainHash(previous.hash, canonical);
      insert.run(seq, canonical, Buffer.from(previous.hash, 'hex'), Buffer.from(hash, 'hex'));
      const behind = previous.latest - entry.at;
      if (behind > 0) widen.run(behind, behind);
      head = { seq, hash, latest: Math.max(entry.at, previous.latest) };
    },
    forgetHead() {
      head = undefined;
    },
  };
}
