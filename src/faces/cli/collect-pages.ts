/** Lists that come in pages, as one. */

interface ListPage<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** Everything, asked for in the largest pages there are. */
export async function collectPages<T>(
  read: (page: { readonly limit: number; readonly cursor?: string }) => Promise<ListPage<T>>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: ListPage<T> = await read({ limit: 1000, ...(cursor !== undefined && { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}
