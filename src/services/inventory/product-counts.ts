/** How many certificates of a kind each product has. */

export interface ProductCount {
  readonly product: string;
  readonly certificates: number;
}

/** From counts by product; the largest first. */
export const productCounts = (counts: ReadonlyMap<string, number>): ProductCount[] =>
  Array.from(counts, ([product, certificates]) => ({ product, certificates })).sort(
    (a, b) => b.certificates - a.certificates || (a.product < b.product ? -1 : 1),
  );
