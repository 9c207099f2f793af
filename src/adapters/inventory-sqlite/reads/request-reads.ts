/** Reads of requests that wait, or waited, for approval. */
import type { RequestStatus } from '../../../domain/records/request.ts';
import type { RequestQuery, RequestStore } from '../../../ports/request-store.ts';
import type { Statements } from '../lazy-statements.ts';
import {
  type RequestRow,
  requestById,
  requestColumns,
  requestRecords,
  verdictsOfRequest,
} from '../rows/request-row.ts';
import { asked } from './point-reads.ts';

const page = (where: string): string =>
  `SELECT ${requestColumns} FROM requests WHERE ${where} id < ? ORDER BY id DESC LIMIT ?`;

/** Each is one look-up or one range of an index; a test asks SQLite for the plan of every one. */
export const requestLookUps = {
  request: requestById,
  verdicts: verdictsOfRequest,
  requestCsr: 'SELECT csr FROM requests WHERE id = ?',
  requests: page(''),
  requestsOfProduct: page('product = ? AND'),
  requestsOfStatus: page('status = ? AND'),
  requestsOfBoth: page('product = ? AND status = ? AND'),
  requestsExpired: `SELECT id FROM requests WHERE ended_at IS NULL AND expires_at <= ? AND serial IS NULL
    ORDER BY expires_at LIMIT ?`,
  requestsToIssue: `SELECT id FROM requests WHERE status = 'approved' AND serial IS NULL ORDER BY id LIMIT ?`,
} as const;

type RequestRead = 'request' | 'requestCsr' | 'requests' | 'dueRequests';

/** Above every id, which begins with a hexadecimal digit. */
const pastAll = 'g';

export function requestReads(connection: Statements): Pick<RequestStore, RequestRead> {
  const recordOf = requestRecords(connection);
  const one = connection.prepare<[string], RequestRow>(requestLookUps.request);
  const csr = connection.prepare<[string], Uint8Array>(requestLookUps.requestCsr).pluck();
  const all = connection.prepare<[string, number], RequestRow>(requestLookUps.requests);
  const ofProduct = connection.prepare<[string, string, number], RequestRow>(requestLookUps.requestsOfProduct);
  const ofStatus = connection.prepare<[RequestStatus, string, number], RequestRow>(requestLookUps.requestsOfStatus);
  const ofBoth = connection.prepare<[string, RequestStatus, string, number], RequestRow>(requestLookUps.requestsOfBoth);
  const expired = connection.prepare<[number, number], string>(requestLookUps.requestsExpired).pluck();
  const toIssue = connection.prepare<[number], string>(requestLookUps.requestsToIssue).pluck();

  const rowsOf = ({ product, status, before = pastAll, limit }: RequestQuery): RequestRow[] => {
    if (product === undefined) {
      return status === undefined ? all.all(before, limit) : ofStatus.all(status, before, limit);
    }
    return status === undefined ? ofProduct.all(product, before, limit) : ofBoth.all(product, status, before, limit);
  };

  return {
    request: asked((id: string) => {
      const row = one.get(id);
      return row && recordOf(row);
    }),
    requestCsr: asked((id: string) => csr.get(id)),
    requests: asked((query: RequestQuery) => rowsOf(query).map(recordOf)),
    dueRequests: asked((at: number, limit: number) => ({
      expired: expired.all(at, limit),
      approved: toIssue.all(limit),
    })),
  };
}
