/** The audit log's right edge: gives each entry its number and hash in the transaction of the act it is about. */
import {
  type AuditEntry,
  auditChainHash,
  auditGenesisHash,
  canonicalAuditEvent,
} from '../../../domain/records/audit-event.ts';
import type { Statements } from '../lazy-statements.ts';

/** The newest event, hash in hex, and the latest time that any event has. */
interface Head {
  readonly seq: number;
  readonly hash: string;
  readonly latest: number;
}

export interface AuditChain {
  /** `isKept`: the row of the certificate that it is about has its number, so that no index by object needs to. */
  append(entry: AuditEntry, isKept?: boolean): void;
  /** The number that the event appended next will have. */
  next(): number;
  /** Reads the head again before it is used: that in memory may be of a rolled back transaction, or another has written. */
  forgetHead(): void;
}

/** Must be used inside a write transaction: only then is the head read the newest. */
export function openAuditChain(connection: Statements): AuditChain {
  const newest = connection.prepare<[], Head>(
    `SELECT seq, lower(hex(hash)) AS hash, (SELECT max(at) FROM audit_events) AS latest
     FROM audit_events ORDER BY seq DESC LIMIT 1`,
  );
  const insert = connection.prepare<[number, string, Buffer, Buffer, 1 | null]>(
    'INSERT INTO audit_events (seq, canonical, previous_hash, hash, kept_by_certificate) VALUES (?, ?, ?, ?, ?)',
  );
  // What a search for a time relies on (audit-search.ts): it grows a few times in the life of a log.
  const widen = connection.prepare<[number, number]>('UPDATE audit_disorder SET ms = ? WHERE ms < ?');
  let head: Head | undefined;

  const latestHead = (): Head => (head ??= newest.get() ?? { seq: 0, hash: auditGenesisHash, latest: 0 });

  return {
    append(entry, isKept = false) {
      const previous = latestHead();
      const seq = previous.seq + 1;
      const canonical = canonicalAuditEvent(seq, entry);
      const hash = auditChainHash(previous.hash, canonical);
      insert.run(seq, canonical, Buffer.from(previous.hash, 'hex'), Buffer.from(hash, 'hex'), isKept ? 1 : null);
      const behind = previous.latest - entry.at;
      if (behind > 0) widen.run(behind, behind);
      head = { seq, hash, latest: Math.max(entry.at, previous.latest) };
    },
    next: () => latestHead().seq + 1,
    forgetHead() {
      head = undefined;
    },
  };
}
