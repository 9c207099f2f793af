/** `privyseal export`: everything that matches, streamed to stdout or into a new file. */
import type { ExportForm } from '../../../client/inventory-calls.ts';
import type { Ending } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { writeStream } from '../terminal/write-stream.ts';
import { type FilterOptions, filterQuery } from './filter-options.ts';

export interface ExportOptions extends FilterOptions {
  readonly format: 'ndjson' | 'csv';
  readonly out?: string;
}

const forms: Readonly<Record<ExportOptions['format'], ExportForm>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
};

export async function exportAll(session: Session, { format, out, ...filters }: ExportOptions): Promise<Ending> {
  const client = await session.adminClient();
  await writeStream(session, out, () => client.exportCertificates(filterQuery(filters, session.now()), forms[format]));
  return 'ok';
}
