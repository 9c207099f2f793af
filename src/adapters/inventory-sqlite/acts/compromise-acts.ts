/** Revokes what shares a compromised key, so many in one commit: what is left is written down with them, and nothing forgets it. */
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { CertificateRecord, Revocation } from '../../../domain/records/certificate.ts';
import { mostSharersAtOnce, type SharersOutcome } from '../../../ports/revocation-store.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets, serialOctets } from '../rows/certificate-row.ts';
import type { Acts } from './acts.ts';
import { adminRule } from './admin-rule.ts';
import type { AuditChain } from './audit-chain.ts';
import { certificateStates } from './certificate-states.ts';
import { approvalWithdrawal } from './withdrawn-approvals.ts';

export interface Compromise {
  /** The certificate that was named. */
  readonly named: CertificateRecord;
  /** Whose certificates alone; null for everybody's. */
  readonly owner: string | null;
  readonly revocation: Revocation;
  readonly audit: AuditEntry;
}

export interface CompromiseActs extends Pick<Acts, 'revokeSharers'> {
  /** The first of them, in the transaction that blocks the key. */
  beginCompromise(compromise: Compromise): SharersOutcome;
}

interface CompromiseRow {
  readonly owner: string | null;
  readonly actor: string;
  readonly at: number;
  readonly invalidityDate: number | null;
  readonly after: number;
}

/** A range of the index by key, which ends in the id; a test asks SQLite for its plan. */
export const sharingKey = `SELECT id, lower(hex(serial)) AS serial FROM certificates
  WHERE key_sha256 = :key AND id > :after AND serial <> :serial AND purpose IN ('product', 'operator') AND not_after >= :at
    AND (state <> 'revoked' OR revocation_reason = 'certificateHold') AND (:owner IS NULL OR owner = :owner)
  ORDER BY id LIMIT :limit`;

export function compromiseActs(
  connection: Statements,
  audit: AuditChain,
  { closeIntent }: Pick<Acts, 'closeIntent'>,
): CompromiseActs {
  const admins = adminRule(connection);
  const states = certificateStates(connection);
  const approvals = approvalWithdrawal(connection, audit);
  const sharing = connection.prepare<
    [{ key: Buffer; after: number; serial: Buffer; at: number; owner: string | null; limit: number }],
    { id: number; serial: string }
  >(sharingKey);
  const find = connection.prepare<[Buffer], CompromiseRow>(
    `SELECT owner, actor, revoked_at AS at, invalidity_date AS invalidityDate, after_id AS after
     FROM compromises WHERE serial = ?`,
  );
  const keep = connection.prepare(
    `INSERT INTO compromises (serial, owner, actor, revoked_at, invalidity_date, after_id) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (serial) DO UPDATE SET after_id = excluded.after_id`,
  );
  const forget = connection.prepare('DELETE FROM compromises WHERE serial = ?');

  const revoke = (each: CertificateRecord, { named, revocation, audit: entry }: Compromise): void => {
    const object = `certificate:${each.serial}`;
    const sharesKeyWith = named.serial;
    if (each.state === 'intent') {
      const closed = { ...entry, kind: 'certificate.intentClosed', object, details: { sharesKeyWith } } as const;
      closeIntent({ serial: each.serial, at: entry.at, audit: closed });
      return;
    }
    states.revoke(each.serial, revocation);
    audit.append({ ...entry, object, details: { reason: revocation.reason, sharesKeyWith } });
    approvals.withCertificate(each, revocation.reason, entry);
  };

  /** Who has the key can do with each of them what the key's owner can. The last admin is for a person to replace. */
  const step = (compromise: Compromise, after: number): SharersOutcome => {
    const { named, owner, revocation } = compromise;
    const serial = serialOctets(named.serial);
    const asked = { key: octets(named.keySha256), after, serial, at: revocation.at, owner, limit: mostSharersAtOnce };
    const rows = sharing.all(asked);
    const sharers: CertificateRecord[] = [];
    for (const row of rows) {
      const each = states.find(row.serial)!;
      // One after the other: two admins with the key would each look dispensable beside the other.
      if (each.purpose === 'operator' && admins.needCertificate(each, revocation.at)) continue;
      revoke(each, compromise);
      sharers.push(each);
    }
    const areLeft = rows.length === mostSharersAtOnce;
    if (areLeft) {
      const { at, invalidityDate = null } = revocation;
      keep.run(serial, owner, compromise.audit.actor, at, invalidityDate, rows.at(-1)!.id);
    } else forget.run(serial);
    return { sharers: sharers.map(({ serial: its, authority }) => ({ serial: its, authority })), areLeft };
  };

  return {
    beginCompromise: (compromise) => step(compromise, 0),
    revokeSharers({ serial, at }) {
      const row = find.get(serialOctets(serial));
      const named = states.find(serial);
      if (!row || !named) return { sharers: [], areLeft: false };
      const { owner, actor, at: since, invalidityDate, after } = row;
      const revocation = {
        at: since,
        reason: 'keyCompromise',
        ...(invalidityDate !== null && { invalidityDate }),
      } as const;
      const entry = { at, kind: 'certificate.revoked', actor, object: `certificate:${serial}` } as const;
      return step({ named, owner, revocation, audit: entry }, after);
    },
  };
}
