/** What a generation of an authority issued to products, and is still in use. */
import type { Inventory } from '../../ports/inventory.ts';
import { memberQuery } from '../campaigns/plan-campaign.ts';
import { type ProductCount, productCounts } from '../inventory/product-counts.ts';
import { everyCertificate } from '../inventory/read-all.ts';

/** Whether a campaign would have a member. `now` in Unix seconds. */
export async function hasIssued(
  inventory: Pick<Inventory, 'searchCertificates'>,
  issuerSerial: string,
  now: number,
): Promise<boolean> {
  return (await inventory.searchCertificates({ ...memberQuery({ issuerSerial }, now), limit: 1 })).length > 0;
}

/** How many of them each product has; the largest first. */
export async function productsOf(
  inventory: Pick<Inventory, 'searchCertificates'>,
  issuerSerial: string,
  now: number,
): Promise<readonly ProductCount[]> {
  const counts = new Map<string, number>();
  for await (const { owner } of everyCertificate(inventory, memberQuery({ issuerSerial }, now))) {
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return productCounts(counts);
}
