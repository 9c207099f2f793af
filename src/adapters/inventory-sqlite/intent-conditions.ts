/** What an intent uses up or is bound to: Idempotency-Keys, token uses, the one successor of a predecessor. */
import { CaError } from '../../domain/errors.ts';
import type { IdempotencyKey, IntentOutcome, Inventory } from '../../ports/inventory.ts';
import { octets, serialOctets } from './certificate-row.ts';
import type { Connection } from './connection.ts';

/** How long the answer to an Idempotency-Key is repeated. */
const idempotencyMs = 24 * 3_600_000;

/** The id of a row, as SQLite gives it. */
export type Row = number | bigint;

export const idempotencyKeyLookUp = `SELECT lower(hex(body_sha256)) AS body, lower(hex(serial)) AS serial
  FROM idempotency_keys JOIN certificates ON certificates.id = certificate
  WHERE scope = ? AND key = ? AND created_at > ?`;

/** What the key alone says at Unix millisecond `now`. */
export function findIdempotencyKey(connection: Connection) {
  const select = connection.prepare<[string, string, number], { body: string; serial: string }>(idempotencyKeyLookUp);
  return ({ scope, key, bodySha256 }: IdempotencyKey, now: number): IdempotentOutcome => {
    const found = select.get(scope, key, now - idempotencyMs);
    if (!found) return undefined;
    return found.body === bodySha256 ? { kind: 'replay', serial: found.serial } : { kind: 'idempotencyConflict' };
  };
}

type IdempotentOutcome = Awaited<ReturnType<Inventory['idempotentOutcome']>>;

/** Keys by scope, each bound to the certificate it asked for. Times are Unix milliseconds. */
export function idempotencyKeys(connection: Connection) {
  const find = findIdempotencyKey(connection);
  const insert = connection.prepare('INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?)');
  // Two for each that comes: the table shrinks back to a day's worth without ever stopping the others for long.
  const purge = connection.prepare(`DELETE FROM idempotency_keys WHERE (scope, key) IN
    (SELECT scope, key FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT 2)`);
  const remove = connection.prepare('DELETE FROM idempotency_keys WHERE certificate = ?');

  return {
    find,
    bind({ scope, key, bodySha256 }: IdempotencyKey, certificate: Row, now: number): void {
      purge.run(now - idempotencyMs);
      insert.run(scope, key, octets(bodySha256), certificate, now);
    },
    forget(certificate: Row): void {
      remove.run(certificate);
    },
  };
}

/** Uses of enrolment tokens; one without a limit is never written. */
export function tokenUses(connection: Connection) {
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

/** At most one successor a certificate: whoever commits first has rotated it. */
export function successorLinks(connection: Connection) {
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
