/** Opens a database to be looked at, so that nothing is written, nor left beside it. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/**
 * A running service's log lies beside the file and is read with it. Without one the file is whole: `immutable` then keeps SQLite
 * from making one, which a backup's folder may not allow.
 */
export function openUnchanged(file: string): DatabaseSync {
  const url = pathToFileURL(file);
  if (!existsSync(`${file}-wal`)) url.search = 'immutable=1';
  return new DatabaseSync(url, { readOnly: true, timeout: 2000 });
}
