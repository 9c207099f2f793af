/** Lists that come in pages, as one. */

interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

type ReadPage<T> = (page: { readonly limit: number; readonly cursor?: string }) => Promise<ListPage<T>>;

/** The most that the service gives at once. */
const largestPage = 1000;

/** Everything. */
export const collectPages = async <T>(read: ReadPage<T>): Promise<T[]> =>
  (await collectFirst(Number.POSITIVE_INFINITY, read)).items;

/** The first `limit` items, and whether there are more. */
export async function collectFirst<T>(limit: number, read: ReadPage<T>): Promise<{ items: T[]; hasMore: boolean }> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && items.length < limit) {
    const size = Math.min(limit - items.length, largestPage);
    const page: ListPage<T> = await read({ limit: size, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return { items, hasMore: cursor !== null };
}
