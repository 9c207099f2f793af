/** What a generation of an authority issued to products, and is still in use. */
import type { Inventory } from '../../ports/inventory.ts';
import { type ProductCount, productCounts } from '../inventory/product-counts.ts';
import { everyCertificate } from '../inventory/read-all.ts';

/** Products' certificates of a generation that are good, or held, and that nothing has followed yet. */
const inUse = (issuerSerial: string) =>
  ({ purpose: 'product', issuerSerial, status: ['valid', 'held'], successor: 'none' }) as const;

/** Whether a campaign would have a member: one that is good. */
export async function hasIssued(
  inventory: Pick<Inventory, 'searchCertificates'>,
  issuerSerial: string,
  now: number,
): Promise<boolean> {
  const query = { ...inUse(issuerSerial), status: 'valid', sort: 'requestedAt', limit: 1, now } as const;
  return (await inventory.searchCertificates(query)).length > 0;
}

/** How many of them each product has; the largest first. */
export async function productsOf(
  inventory: Pick<Inventory, 'searchCertificates'>,
  issuerSerial: string,
  now: number,
): Promise<readonly ProductCount[]> {
  const counts = new Map<string, number>();
  for await (const { owner } of everyCertificate(inventory, { ...inUse(issuerSerial), now })) {
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return productCounts(counts);
}
