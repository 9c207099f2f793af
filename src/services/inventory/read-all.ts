/** Everything that matches, read from the inventory a page at a time. */
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Product } from '../../domain/records/environment.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { CertificateQuery } from '../../ports/inventory-questions.ts';

const certificatesPerPage = 1000;
const productsPerPage = 200;

/** In the order of their requests. */
export async function* everyCertificate(
  inventory: Pick<Inventory, 'searchCertificates'>,
  query: Omit<CertificateQuery, 'sort' | 'limit' | 'after'>,
): AsyncGenerator<CertificateRecord> {
  let after: CertificateQuery['after'];
  for (;;) {
    const page = await inventory.searchCertificates({
      ...query,
      sort: 'requestedAt',
      limit: certificatesPerPage,
      ...(after && { after }),
    });
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < certificatesPerPage) return;
    after = { sortValue: last.requestedAt, serial: last.serial };
  }
}

/** Of one environment, or of all; in the order of their ids. */
export async function* everyProduct(
  inventory: Pick<Inventory, 'products'>,
  environment: string | null,
): AsyncGenerator<Product> {
  for (let after = ''; ; ) {
    const query = { after, limit: productsPerPage, ...(environment !== null && { environment }) };
    const page = await inventory.products(query);
    yield* page;
    if (page.length < productsPerPage) return;
    after = page.at(-1)!.id;
  }
}
