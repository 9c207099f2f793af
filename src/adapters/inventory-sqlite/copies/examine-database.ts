/** Reads what a database says of itself, whether a service has it open or not. Nothing is written. */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { LogEnds } from '../../../domain/audit/behind-checkpoint.ts';
import type { InventoryFacts } from '../../../domain/diagnosis/judge-inventory.ts';
import type { BegunKey, CertifiedKey } from '../../../domain/diagnosis/judge-keys.ts';
import { StartError } from '../../../domain/errors.ts';
import { readMigrations } from '../migrate.ts';
import { openUnchanged } from './open-unchanged.ts';

/** More says no more to a person. */
const mostFaults = 5;

/** Looks at every page; `now` in Unix seconds. StartError `databaseDamaged` or `schemaTooNew`, or `homeEmpty` without the file. */
export function examineDatabase(file: string, migrationsDirectory: string, now: number): InventoryFacts | 'outdated' {
  if (!existsSync(file)) {
    throw new StartError(
      'homeEmpty',
      `There is no ${file}. Name the home with --home; if it was lost, restore a backup (docs/backup.md). Of a new home a start makes it.`,
    );
  }
  try {
    const database = openUnchanged(file);
    try {
      database.exec('PRAGMA trusted_schema = OFF; BEGIN');
      return isOutdated(database, file, migrationsDirectory) ? 'outdated' : factsOf(database, now);
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    const message = `${file} cannot be read as a database: ${(error as Error).message}. Restore a backup (docs/backup.md).`;
    throw new StartError('databaseDamaged', message, error);
  }
}

/** An older one is brought forward by the next start; the queries below need the newest. */
function isOutdated(database: DatabaseSync, file: string, directory: string): boolean {
  const known = readMigrations(directory);
  const applied = all<{ name: string }>(database, 'SELECT name FROM schema_migrations ORDER BY number');
  const foreign = applied.find(({ name }) => !known.some((migration) => migration.name === name));
  if (foreign === undefined) return applied.length < known.length;
  throw new StartError('schemaTooNew', `${file} has ${foreign.name} of a newer version. Use that version.`);
}

const authoritiesSql = `SELECT a.name, c.not_after AS notAfter FROM authorities AS a
  JOIN certificates AS c ON c.serial = a.certificate_serial ORDER BY a.name`;

/** As of a backup, which is refused without them: what is retired or compromised goes on without its key, and without its vault. */
const keysSql = `SELECT g.authority, g.vault, g.vault_key AS key, lower(hex(c.key_sha256)) AS publicKeySha256
  FROM authority_generations AS g LEFT JOIN certificates AS c ON c.serial = g.certificate_serial
  WHERE g.key_destroyed_at IS NULL AND g.phase NOT IN ('abandoned', 'retired') AND NOT g.is_compromised
  ORDER BY g.vault, g.vault_key`;

/** What services/vaults/fresh-key.ts noted before it made a key. */
const begunKeysSql = `SELECT name, value FROM settings WHERE name = 'freshKeysSince' OR name GLOB 'freshKey:*' ORDER BY name`;

/** By whatever has or had one, as there. */
const namedKeysSql = `SELECT vault, vault_key AS key FROM authorities
  UNION SELECT vault, vault_key FROM authority_generations
  UNION SELECT coalesce(responder_vault, vault), responder_key FROM authority_generations WHERE responder_key IS NOT NULL
  UNION SELECT vault, vault_key FROM audit_keys`;

const adminsSql = `SELECT o.name, max(c.not_after) AS notAfter FROM operators AS o
  JOIN certificates AS c ON c.owner = o.name AND c.purpose = 'operator' AND c.state = 'issued'
  WHERE o.role = 'admin' GROUP BY o.name ORDER BY o.name`;

/** Those that have a root here. */
const environmentsSql = `SELECT DISTINCT coalesce(environment, 'system') AS name FROM authorities
  WHERE authorities.parent = authorities.name AND certificate_serial IS NOT NULL ORDER BY 1`;

const listsSql = `SELECT l.authority, l.this_update AS thisUpdate, l.next_update AS nextUpdate FROM crls AS l
  JOIN authority_generations AS g ON g.id = l.authority WHERE g.phase NOT IN ('abandoned', 'retired') ORDER BY l.authority`;

/**
 * Authorities elsewhere above something in use, each with its list or null. As services/authorities/external-in-use.ts decides:
 * what is retired counts while it has products' certificates that are valid at `?` and that nothing has followed.
 */
const importedSql = `WITH RECURSIVE used (name) AS (
    SELECT c.authority FROM authority_certificates AS a JOIN authority_generations AS g ON g.id = a.generation
      JOIN certificates AS c ON c.serial = a.serial
      WHERE g.phase NOT IN ('abandoned', 'retired') OR g.phase = 'retired' AND (g.certificate_serial IS NULL OR EXISTS (
        SELECT 1 FROM authority_certificates AS own JOIN certificates AS issued ON issued.issuer_serial = own.serial
        WHERE own.generation = g.id AND own.kind = 'own' AND issued.purpose = 'product' AND issued.state = 'issued'
          AND issued.successor IS NULL AND issued.not_after >= ?))
    UNION SELECT e.parent FROM external_authorities AS e JOIN used ON used.name = e.name)
  SELECT e.name AS authority, l.this_update AS thisUpdate, l.next_update AS nextUpdate FROM external_authorities AS e
    JOIN used ON used.name = e.name LEFT JOIN crls AS l ON l.authority = e.name ORDER BY e.name`;

interface ExternalRow {
  readonly authority: string;
  readonly thisUpdate: number | null;
  readonly nextUpdate: number | null;
}

/** Or what a start noted whose clock was behind: services/latest-believed-time.ts. */
const newestEventSql = `SELECT max(at, coalesce((SELECT CAST(value AS INTEGER) FROM settings WHERE name = 'clockBehind'), 0)) AS at
  FROM audit_events ORDER BY seq DESC LIMIT 1`;

function factsOf(database: DatabaseSync, now: number): InventoryFacts {
  const damage = all<{ quick_check: string }>(database, `PRAGMA quick_check(${mostFaults})`);
  return {
    damage: damage.map(({ quick_check: says }) => says).filter((says) => says !== 'ok'),
    orphans: all(database, 'PRAGMA foreign_key_check').length,
    certificates: all<{ count: number }>(database, 'SELECT count(*) AS count FROM certificates')[0]?.count ?? 0,
    newestEvent: all<{ at: number }>(database, newestEventSql)[0]?.at ?? 0,
    logEnds: logEndsOf(database),
    lists: all(database, listsSql),
    ...importedOf(all(database, importedSql, now)),
    authorities: all(database, authoritiesSql),
    keys: all<CertifiedKey>(database, keysSql).map((key) => ({ ...key, publicKeySha256: key.publicKeySha256 || null })),
    begunKeys: begunKeysOf(database),
    admins: all(database, adminsSql),
    environments: all<{ name: string }>(database, environmentsSql).map(({ name }) => name),
  };
}

function begunKeysOf(database: DatabaseSync): BegunKey[] {
  const settings = new Map(
    all<{ name: string; value: string }>(database, begunKeysSql).map(({ name, value }) => [name, value]),
  );
  const since = settings.get('freshKeysSince') ?? '';
  const named = all<{ vault: string; key: string }>(database, namedKeysSql);
  return [...settings].flatMap(([setting, value]) => {
    const [kind, vault = '', purpose = ''] = setting.split(':');
    if (kind !== 'freshKey') return [];
    const begun = JSON.parse(value) as { readonly name: string; readonly since: string };
    if (named.some((one) => one.vault === vault && one.key === begun.name)) return [];
    return [{ vault, key: begun.name, purpose, isTakenUp: begun.since === since }];
  });
}

function importedOf(rows: readonly ExternalRow[]): Pick<InventoryFacts, 'imported' | 'notImported'> {
  const imported = rows.flatMap(({ authority, thisUpdate, nextUpdate }) =>
    thisUpdate === null || nextUpdate === null ? [] : [{ authority, thisUpdate, nextUpdate }],
  );
  const notImported = rows.filter(({ thisUpdate }) => thisUpdate === null).map(({ authority }) => authority);
  return { imported, notImported };
}

function logEndsOf(database: DatabaseSync): LogEnds | undefined {
  const [first] = all<{ hash: string }>(database, 'SELECT lower(hex(hash)) AS hash FROM audit_events WHERE seq = 1');
  const [newest] = all<{ seq: number }>(database, 'SELECT max(seq) AS seq FROM audit_events');
  return first && newest && { first, newest };
}

const all = <Row>(database: DatabaseSync, text: string, ...given: readonly number[]): Row[] =>
  database.prepare(text).all(...given) as Row[];
