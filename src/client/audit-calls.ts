/** The audit log, as methods of the client. */
import { AuditEventList, type AuditEventListQuery, CheckpointJson } from '../api/audit.ts';
import type { HttpsExchange } from './https-exchange.ts';
import type { JsonCalls } from './json-calls.ts';
import { queryText } from './query-text.ts';
import { readStream } from './read-answer.ts';

interface Calls extends Pick<JsonCalls, 'get'> {
  readonly exchange: HttpsExchange;
  readonly host: string;
}

const linesOfJson = 'application/x-ndjson';

export const auditCalls = ({ get, exchange, host }: Calls) => ({
  /** Pages in the order asked for, fetched as they are consumed. */
  async *auditEvents(query: AuditEventListQuery = {}): AsyncGenerator<AuditEventList> {
    let cursor: string | null | undefined = query.cursor;
    do {
      const path = `/v1/audit-events${queryText({ ...query, ...(cursor && { cursor }) })}`;
      const page = (await get(path, AuditEventList)) as AuditEventList;
      yield page;
      cursor = page.nextCursor;
    } while (cursor);
  },
  /** The whole log as text that can be verified, as it comes. */
  exportAuditEvents: async (): Promise<AsyncIterable<Uint8Array>> =>
    readStream(
      await exchange.stream({ method: 'GET', path: '/v1/audit-events', accept: linesOfJson }),
      linesOfJson,
      host,
    ),
  latestCheckpoint: (): Promise<CheckpointJson> => get('/v1/audit-checkpoints/latest', CheckpointJson),
});
