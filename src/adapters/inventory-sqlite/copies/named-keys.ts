/** Which keys of authorities a database says are in a vault, of whatever version of this program it is. Nothing is written. */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../../domain/errors.ts';
import { openUnchanged } from './open-unchanged.ts';

export interface NamedKey {
  readonly authority: string;
  /** Its name in the vault. */
  readonly key: string;
}

const ofGenerations = `SELECT authority, vault_key AS key FROM authority_generations
  WHERE vault = ? AND key_destroyed_at IS NULL AND phase <> 'abandoned' ORDER BY authority, number`;
/** Before authorities had generations. */
const ofAuthorities = 'SELECT name AS authority, vault_key AS key FROM authorities WHERE vault = ? ORDER BY name';

/** By authority; none without the file, or before the first one. For who has the home's lock. StartError `databaseDamaged`. */
export function keysNamedIn(vault: string, file: string): readonly NamedKey[] {
  if (!existsSync(file)) return [];
  try {
    const database = openUnchanged(file);
    try {
      const query = [
        ['authority_generations', ofGenerations],
        ['authorities', ofAuthorities],
      ].find(([table = '']) => hasTable(database, table))?.[1];
      return query === undefined ? [] : (database.prepare(query).all(vault) as unknown as NamedKey[]);
    } finally {
      database.close();
    }
  } catch (error) {
    const message = `${file} cannot be read as a database: ${(error as Error).message}. Restore a backup (docs/backup.md).`;
    throw new StartError('databaseDamaged', message, error);
  }
}

const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;
