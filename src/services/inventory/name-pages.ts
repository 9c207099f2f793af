/** Pages of the small lists that are ordered by name or id. Their cursors are positions and grant nothing: shape is all to check. */
import { CaError } from '../../domain/errors.ts';
import type { PageQuery } from '../../ports/inventory.ts';
import type { PageInput, RegistryPage } from '../registry/registry-services.ts';

/** `read` answers what comes after a key, which `keyOf` gives of each item. */
export async function namePage<T>(
  { cursor, limit }: PageInput,
  keyOf: (item: T) => string,
  read: (query: PageQuery) => Promise<readonly T[]>,
): Promise<RegistryPage<T>> {
  const after = cursor === undefined ? {} : { after: openCursor(cursor) };
  // One more than asked for tells whether there is a next page.
  const found = await read({ ...after, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: found.length > items.length && last ? sealCursor(keyOf(last)) : null };
}

const sealCursor = (key: string): string => Buffer.from(key).toString('base64url');

const keyPattern = /^[a-z0-9][a-z0-9/-]{0,127}$/;

function openCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('latin1');
  if (keyPattern.test(key) && sealCursor(key) === cursor) return key;
  throw new CaError('malformed', 'The cursor is not one of this list. Start again without a cursor.', {
    reasons: [{ code: 'invalidField', field: 'cursor', message: 'is not a cursor of this list' }],
  });
}
