/** What the client asks about the inventory as a whole: counts, and everything that matches as a stream. */
import type { CertificateListQuery } from '../api/certificate-list.ts';
import { ExpiringJson, type ExpiringQuery, InventorySummaryJson, type SummaryQuery } from '../api/inventory.ts';
import type { HttpsExchange } from './https-exchange.ts';
import type { JsonCalls } from './json-calls.ts';
import { queryText } from './query-text.ts';
import { readStream } from './read-answer.ts';

interface Calls extends Pick<JsonCalls, 'get'> {
  readonly exchange: HttpsExchange;
  readonly host: string;
}

export type ExportForm = 'application/x-ndjson' | 'text/csv';

export const inventoryCalls = ({ get, exchange, host }: Calls) => ({
  summary: (query: SummaryQuery = {}): Promise<InventorySummaryJson> =>
    get(`/v1/inventory/summary${queryText(query)}`, InventorySummaryJson),
  expiring: (query: ExpiringQuery = {}): Promise<ExpiringJson> =>
    get(`/v1/inventory/expiring${queryText(query)}`, ExpiringJson),
  /** Everything that matches, as text in this form, as it comes. Throws before the first chunk if it is refused. */
  exportCertificates: async (query: CertificateListQuery, form: ExportForm): Promise<AsyncIterable<Uint8Array>> =>
    readStream(
      await exchange.stream({ method: 'GET', path: `/v1/certificates${queryText(query)}`, accept: form }),
      form,
      host,
    ),
});
