/** Acts of issuing: the intent with everything it uses up, the certificate that redeems it, and the closing of what was not redeemed. */
import { CaError } from '../../domain/errors.ts';
import type { CertificateDetails } from '../../domain/records/certificate.ts';
import type { IntentOutcome, IssuanceIntent } from '../../ports/inventory.ts';
import type { Acts } from './acts.ts';
import type { AuditChain } from './audit-chain.ts';
import { joinNames, octets, redeemableMs, reversed, serialOctets } from './certificate-row.ts';
import type { Connection } from './connection.ts';

/** How long the answer to an Idempotency-Key is repeated. */
const idempotencyMs = 24 * 3_600_000;

const insertCertificateSql = `INSERT INTO certificates (serial, state, purpose, environment, owner, authority,
  issuer_serial, profile, profile_version, subject, names, key_type, key_sha256, tbs_sha256, not_before, not_after,
  requested_by, requested_at, token_id, predecessor)
  VALUES (?, 'intent', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

type Row = number | bigint;

export function issuanceActs(
  connection: Connection,
  audit: AuditChain,
): Pick<Acts, 'recordIntent' | 'recordIssued' | 'closeIntent'> {
  const keys = idempotencyKeys(connection);
  const tokens = tokenUses(connection);
  const successors = successorLinks(connection);
  const insertCertificate = connection.prepare(insertCertificateSql);
  const insertName = connection.prepare(
    'INSERT OR IGNORE INTO certificate_names (reversed, certificate) VALUES (?, ?)',
  );
  const blockKey = connection.prepare('INSERT OR IGNORE INTO blocked_keys (key_sha256, reason) VALUES (?, ?)');
  const openIntent = connection.prepare<[Buffer], { id: number; tokenId: string | null; predecessor: Buffer | null }>(
    `SELECT id, token_id AS tokenId, predecessor FROM certificates WHERE serial = ? AND state = 'intent'`,
  );
  const setIssued = connection.prepare(
    `UPDATE certificates SET state = 'issued', issued_at = ?
     WHERE serial = ? AND state = 'intent' AND requested_at > ? - ${redeemableMs} RETURNING id`,
  );
  const insertBody = connection.prepare('INSERT INTO certificate_bodies (certificate, der) VALUES (?, ?)');
  const setClosed = connection.prepare(
    `UPDATE certificates SET state = 'revoked', revoked_at = ?, revocation_reason = 'cessationOfOperation' WHERE id = ?`,
  );

  /** What would be asked of an unused intent, in the port's order; nothing is written yet. */
  const refusal = ({ certificate, tokenId, idempotency }: IssuanceIntent): IntentOutcome | undefined =>
    (idempotency && keys.find(idempotency, certificate.requestedAt)) ??
    (tokenId === undefined ? undefined : tokens.refusal(tokenId, certificate.requestedAt)) ??
    (certificate.predecessor === null ? undefined : successors.refusal(certificate.predecessor));

  const insert = (certificate: CertificateDetails, tbsSha256: string, tokenId: string | undefined): Row => {
    const { lastInsertRowid } = insertCertificate.run(...columnsOf(certificate, tbsSha256, tokenId ?? null));
    for (const name of certificate.names) insertName.run(reversed(name), lastInsertRowid);
    const { purpose, keySha256 } = certificate;
    if (purpose === 'authority' || purpose === 'operator') blockKey.run(octets(keySha256), purpose);
    return lastInsertRowid;
  };

  return {
    recordIntent(intent) {
      const { certificate, tokenId, idempotency } = intent;
      const refused = refusal(intent);
      if (refused) return refused;
      const id = insert(certificate, intent.tbsSha256, tokenId);
      if (tokenId !== undefined) tokens.take(tokenId);
      if (certificate.predecessor !== null) successors.set(certificate.predecessor, certificate.serial);
      if (idempotency) keys.bind(idempotency, id, certificate.requestedAt);
      audit.append(intent.audit);
      return { kind: 'recorded' };
    },

    recordIssued({ serial, certificateDer, issuedAt, audit: entry }) {
      const row = setIssued.get(issuedAt, serialOctets(serial), issuedAt) as { id: number } | undefined;
      if (!row) throw new CaError('conflict', `The serial ${serial} is no open intent of the last day.`);
      insertBody.run(row.id, certificateDer);
      audit.append(entry);
    },

    closeIntent({ serial, at, audit: entry }) {
      const row = openIntent.get(serialOctets(serial));
      if (!row) return false;
      setClosed.run(Math.floor(at / 1000), row.id);
      if (row.tokenId !== null) tokens.giveBack(row.tokenId);
      if (row.predecessor) successors.clear(row.predecessor, serialOctets(serial));
      keys.forget(row.id);
      audit.append(entry);
      return true;
    },
  };
}

const columnsOf = (details: CertificateDetails, tbsSha256: string, tokenId: string | null): unknown[] => [
  serialOctets(details.serial),
  details.purpose,
  details.environment,
  details.owner,
  details.authority,
  serialOctets(details.issuerSerial),
  details.profile,
  details.profileVersion,
  details.subject,
  joinNames(details.names),
  details.keyType,
  octets(details.keySha256),
  octets(tbsSha256),
  details.notBefore,
  details.notAfter,
  details.requestedBy,
  details.requestedAt,
  tokenId,
  details.predecessor === null ? null : serialOctets(details.predecessor),
];

type IdempotencyKey = NonNullable<IssuanceIntent['idempotency']>;

function idempotencyKeys(connection: Connection) {
  const select = connection.prepare<[string, string, number], { body: string; serial: string }>(
    `SELECT lower(hex(body_sha256)) AS body, lower(hex(serial)) AS serial
     FROM idempotency_keys JOIN certificates ON certificates.id = certificate
     WHERE scope = ? AND key = ? AND created_at > ?`,
  );
  const insert = connection.prepare('INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?)');
  // Two for each that comes: the table shrinks back to a day's worth without ever stopping the others for long.
  const purge = connection.prepare(`DELETE FROM idempotency_keys WHERE (scope, key) IN
    (SELECT scope, key FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT 2)`);
  const remove = connection.prepare('DELETE FROM idempotency_keys WHERE certificate = ?');

  return {
    find({ scope, key, bodySha256 }: IdempotencyKey, now: number): IntentOutcome | undefined {
      const found = select.get(scope, key, now - idempotencyMs);
      if (!found) return undefined;
      return found.body === bodySha256 ? { kind: 'replay', serial: found.serial } : { kind: 'idempotencyConflict' };
    },
    bind({ scope, key, bodySha256 }: IdempotencyKey, certificate: Row, now: number): void {
      purge.run(now - idempotencyMs);
      insert.run(scope, key, octets(bodySha256), certificate, now);
    },
    forget(certificate: Row): void {
      remove.run(certificate);
    },
  };
}

function tokenUses(connection: Connection) {
  const select = connection.prepare<[string], { usesLeft: number | null; expiresAt: number }>(
    'SELECT uses_left AS usesLeft, expires_at AS expiresAt FROM tokens WHERE id = ?',
  );
  const add = connection.prepare('UPDATE tokens SET uses_left = uses_left + ? WHERE id = ? AND uses_left IS NOT NULL');

  return {
    /** A token that is gone has ended, too. */
    refusal(id: string, now: number): IntentOutcome | undefined {
      const token = select.get(id);
      if (!token || token.expiresAt <= now) return { kind: 'tokenExpired' };
      return token.usesLeft === 0 ? { kind: 'tokenUsedUp' } : undefined;
    },
    take(id: string): void {
      add.run(-1, id);
    },
    giveBack(id: string): void {
      add.run(1, id);
    },
  };
}

function successorLinks(connection: Connection) {
  const select = connection.prepare<[Buffer], { successor: Buffer | null }>(
    'SELECT successor FROM certificates WHERE serial = ?',
  );
  const set = connection.prepare('UPDATE certificates SET successor = ? WHERE serial = ?');
  const clear = connection.prepare('UPDATE certificates SET successor = NULL WHERE serial = ? AND successor = ?');

  return {
    refusal(predecessor: string): IntentOutcome | undefined {
      const row = select.get(serialOctets(predecessor));
      if (!row) throw new CaError('conflict', `The predecessor ${predecessor} is not recorded.`);
      return row.successor ? { kind: 'hasSuccessor', successor: row.successor.toString('hex') } : undefined;
    },
    set(predecessor: string, successor: string): void {
      set.run(serialOctets(successor), serialOctets(predecessor));
    },
    clear(predecessor: Buffer, successor: Buffer): void {
      clear.run(predecessor, successor);
    },
  };
}
