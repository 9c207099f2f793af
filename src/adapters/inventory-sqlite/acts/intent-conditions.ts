/** What an intent uses up or is bound to: Idempotency-Keys, token uses, the one successor of a predecessor, approved requests. */
import { CaError } from '../../../domain/errors.ts';
import type { CertificateState } from '../../../domain/records/certificate.ts';
import type { RequestStatus } from '../../../domain/records/request.ts';
import type { IdempotencyKey, KeyBlock, StopOf } from '../../../ports/issuance-conditions.ts';
import type { Statements } from '../lazy-statements.ts';
import { octets, serialOctets } from '../rows/certificate-row.ts';

/** How long the answer to an Idempotency-Key is repeated. */
const idempotencyMs = 24 * 3_600_000;

/** The id of a row, as SQLite gives it. */
export type Row = number | bigint;

export const idempotencyKeyLookUp = `SELECT lower(hex(body_sha256)) AS body, lower(hex(serial)) AS serial, request
  FROM idempotency_keys LEFT JOIN certificates ON certificates.id = certificate
  WHERE scope = ? AND key = ? AND created_at > ?`;

interface BoundKey {
  readonly body: string;
  readonly serial: string;
  readonly request: string | null;
}

/** What the key alone says at Unix millisecond `now`. */
export function findIdempotencyKey(connection: Statements) {
  const select = connection.prepare<[string, string, number], BoundKey>(idempotencyKeyLookUp);
  return (
    { scope, key, bodySha256 }: IdempotencyKey,
    now: number,
  ): StopOf<'replay' | 'replayRequest' | 'idempotencyConflict'> | undefined => {
    const found = select.get(scope, key, now - idempotencyMs);
    if (!found) return undefined;
    if (found.body !== bodySha256) return { kind: 'idempotencyConflict' };
    const { request, serial } = found;
    return request === null ? { kind: 'replay', serial } : { kind: 'replayRequest', request };
  };
}

/** What a key is bound to: the row of a certificate, or the id of a request. */
type Bound = { readonly certificate: Row } | { readonly request: string };

/** Keys by scope, each bound to what it asked for. Times are Unix milliseconds. */
export function idempotencyKeys(connection: Statements) {
  const find = findIdempotencyKey(connection);
  const insert = connection.prepare(
    `INSERT OR REPLACE INTO idempotency_keys (scope, key, body_sha256, certificate, request, created_at)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  // Two for each new one: the table shrinks back to a day's worth, and nobody waits for long.
  const purge = connection.prepare(`DELETE FROM idempotency_keys WHERE (scope, key) IN
    (SELECT scope, key FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT 2)`);
  const remove = connection.prepare('DELETE FROM idempotency_keys WHERE certificate = ?');

  return {
    find,
    bind({ scope, key, bodySha256 }: IdempotencyKey, bound: Bound, now: number): void {
      purge.run(now - idempotencyMs);
      const columns = 'request' in bound ? [null, bound.request] : [bound.certificate, null];
      insert.run(scope, key, octets(bodySha256), ...columns, now);
    },
    forget(certificate: Row): void {
      remove.run(certificate);
    },
  };
}

/** Uses of enrolment tokens; one without a limit is never written. */
export function tokenUses(connection: Statements) {
  const select = connection.prepare<[string], { usesLeft: number | null; expiresAt: number }>(
    'SELECT uses_left AS usesLeft, expires_at AS expiresAt FROM tokens WHERE id = ?',
  );
  const add = connection.prepare('UPDATE tokens SET uses_left = uses_left + ? WHERE id = ? AND uses_left IS NOT NULL');

  return {
    /** A token that was removed counts as expired. */
    refusal(id: string, now: number): StopOf<'tokenExpired' | 'tokenUsedUp'> | undefined {
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

/** At most one successor a certificate: whoever commits first has rotated it. */
export function successorLinks(connection: Statements) {
  const select = connection.prepare<[Buffer], { successor: Buffer | null; state: CertificateState }>(
    'SELECT successor, state FROM certificates WHERE serial = ?',
  );
  const archived = connection.prepare<[Buffer], number>('SELECT 1 FROM archived_certificates WHERE serial = ?').pluck();
  const set = connection.prepare('UPDATE certificates SET successor = ? WHERE serial = ?');
  const clear = connection.prepare('UPDATE certificates SET successor = NULL WHERE serial = ? AND successor = ?');

  return {
    refusal(predecessor: string): StopOf<'hasSuccessor' | 'predecessorRevoked' | 'predecessorArchived'> | undefined {
      const row = select.get(serialOctets(predecessor));
      if (!row && archived.get(serialOctets(predecessor)) !== undefined) return { kind: 'predecessorArchived' };
      if (!row) throw new CaError('conflict', `The predecessor ${predecessor} is not recorded.`);
      if (row.successor) return { kind: 'hasSuccessor', successor: row.successor.toString('hex') };
      return row.state === 'revoked' ? { kind: 'predecessorRevoked' } : undefined;
    },
    set(predecessor: string, successor: string): void {
      set.run(serialOctets(successor), serialOctets(predecessor));
    },
    clear(predecessor: Buffer, successor: Buffer): void {
      clear.run(predecessor, successor);
    },
  };
}

/** Throws CaError `unauthorized` for a product that was removed. */
export function removedProducts(connection: Statements): (id: string) => void {
  const removedAt = connection
    .prepare<[string], number | null>('SELECT removed_at FROM products WHERE id = ? ORDER BY version DESC LIMIT 1')
    .pluck();
  return (id) => {
    if ((removedAt.get(id) ?? null) === null) return;
    throw new CaError('unauthorized', `The product ${id} does not exist any more.`);
  };
}

/** Keys that no product's certificate is issued for. */
export function keyBlocks(connection: Statements) {
  const select = connection.prepare<[Buffer], KeyBlock>('SELECT reason FROM blocked_keys WHERE key_sha256 = ?').pluck();
  return {
    refusal(keySha256: string): StopOf<'keyBlocked'> | undefined {
      const block = select.get(octets(keySha256));
      return block && { kind: 'keyBlocked', block };
    },
  };
}

/** An approved request becomes one certificate: it is bound to the serial from the intent on, until that is closed. */
export function requestLinks(connection: Statements) {
  const select = connection.prepare<[string], { status: RequestStatus; serial: string }>(
    'SELECT status, lower(hex(serial)) AS serial FROM requests WHERE id = ?',
  );
  const bind = connection.prepare('UPDATE requests SET serial = ? WHERE id = ?');
  const finish = connection.prepare("UPDATE requests SET status = 'issued', ended_at = ? WHERE serial = ?");
  const release = connection.prepare('UPDATE requests SET serial = NULL WHERE serial = ?');

  return {
    refusal(id: string): StopOf<'replay'> | { readonly kind: 'requestNotApproved' } | undefined {
      const request = select.get(id);
      if (request?.serial) return { kind: 'replay', serial: request.serial };
      return request?.status === 'approved' ? undefined : { kind: 'requestNotApproved' };
    },
    bind(id: string, serial: string): void {
      bind.run(serialOctets(serial), id);
    },
    finish(serial: string, at: number): void {
      finish.run(at, serialOctets(serial));
    },
    release(serial: string): void {
      release.run(serialOctets(serial));
    },
  };
}
