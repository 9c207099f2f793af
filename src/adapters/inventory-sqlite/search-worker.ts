/** Entry of the search thread: searches and counts may read millions of rows, which no request should wait for. */
import { parentPort, workerData } from 'node:worker_threads';
import type { KeptEvent } from '../../domain/audit/kept-event.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { AuditQuery, CertificateQuery, InventoryCounts } from '../../ports/inventory.ts';
import { auditSearchStatement } from './audit-search.ts';
import { type CertificateRow, recordOf } from './certificate-row.ts';
import { type ConnectionOptions, openForReading } from './connection.ts';
import { failureOf } from './database-error.ts';
import { expiryCounter } from './expiry-counts.ts';
import { commonNameProbe, searchStatement } from './search.ts';
import type { SearchAnswer, SearchRequest } from './search-messages.ts';

const port = parentPort!;
const connection = openForReading(workerData as ConnectionOptions);
connection.function('fold', { deterministic: true }, (text: string) => text.toLowerCase());

function isCommon(name: string): boolean {
  const { sql, parameters } = commonNameProbe(name);
  const probe = connection.prepare<unknown[], number>(sql).pluck();
  return probe.get(...parameters) === 1;
}

function search(query: CertificateQuery): CertificateRecord[] {
  const { sql, parameters } = searchStatement(query, query.name !== undefined && isCommon(query.name));
  const select = connection.prepare<unknown[], CertificateRow>(sql).raw();
  return select.all(...parameters).map(recordOf);
}

function searchAuditEvents(query: AuditQuery): KeptEvent[] {
  const { sql, parameters } = auditSearchStatement(query);
  return connection.prepare<unknown[], KeptEvent>(sql).all(...parameters);
}

/** The audit log and the archive have no gaps, so their last number is their length. */
const counts = (): InventoryCounts =>
  connection
    .prepare<[], InventoryCounts>(
      `SELECT (SELECT count(*) FROM certificates) + (SELECT coalesce(max(id), 0) FROM archived_certificates) AS certificates,
         (SELECT coalesce(max(id), 0) FROM archived_certificates) AS archived,
         (SELECT count(*) FROM certificates WHERE state = 'intent') AS intents,
         (SELECT count(*) FROM certificates WHERE state = 'revoked') +
           (SELECT count(*) FROM archived_certificates WHERE state = 'revoked') AS revoked,
         (SELECT coalesce(max(seq), 0) FROM audit_events) AS auditEvents`,
    )
    .get()!;

const expiries = expiryCounter(connection);

/** Only a count of expiries takes turns with others; everything else is answered in the turn it comes in. */
async function answer({ id, query, auditQuery, expiries: asked }: SearchRequest): Promise<SearchAnswer> {
  try {
    if (asked) return { id, value: await expiries.count(asked) };
    if (auditQuery) return { id, value: searchAuditEvents(auditQuery) };
    return { id, value: query ? search(query) : counts() };
  } catch (error) {
    return { id, failure: failureOf(error) };
  }
}

port.on('message', (request: SearchRequest | 'close') => {
  if (request !== 'close') return void answer(request).then((message) => port.postMessage(message));
  // After the turn in which the last answer leaves.
  void expiries.stop().then(() =>
    setImmediate(() => {
      connection.close();
      port.close();
    }),
  );
});
