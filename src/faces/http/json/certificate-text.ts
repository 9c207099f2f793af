/** Certificates of the inventory as text; this runs on the thread that searches, beside the rows. */
import type { RecordRenderers } from '../../../services/services.ts';
import { csvLine } from './certificate-csv.ts';
import { certificateSummary, certificateSummaryText } from './certificate-summary.ts';

/** By the name of the form, as the services are asked for it. */
export const renderers: RecordRenderers = {
  json: (record, now) => `${certificateSummaryText(record, now * 1000)},`,
  ndjson: (record, now) => `${certificateSummaryText(record, now * 1000)}\n`,
  csv: (record, now) => csvLine(certificateSummary(record, now * 1000)),
};
