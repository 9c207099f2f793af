/** What the client asks of requests that wait for approval: as the requester on the public face, as an operator on the admin face. */
import type { CertificateJson } from '../api/certificate.ts';
import {
  type ApproveBody,
  type DenyBody,
  PendingRequestJson,
  RequestJson,
  RequestList,
  type RequestListQuery,
  RequestSummary,
} from '../api/request.ts';
import type { Shape, Shaped } from '../api/shape.ts';
import type { JsonCalls } from './json-calls.ts';
import { queryText } from './query-text.ts';

/** A certificate, or what is still waited for. */
export type Outcome<Pending> =
  | { readonly kind: 'certificate'; readonly certificate: CertificateJson }
  | { readonly kind: 'request'; readonly request: Pending };

interface Calls extends Pick<JsonCalls, 'get' | 'post'> {
  /** Reads `accepted` from a 202, and a certificate from another success. */
  either<Accepted extends Shape>(
    request: { readonly method: 'GET' | 'POST'; readonly path: string; readonly json?: unknown },
    accepted: Accepted,
  ): Promise<Outcome<Shaped<Accepted>>>;
}

const pathOf = (id: string): string => `/v1/requests/${encodeURIComponent(id)}`;

export const requestCalls = ({ get, post, either }: Calls) => ({
  /** Waits so long for the end of the request, which is less than an exchange may take. */
  collect: (id: string, waitSeconds: number): Promise<Outcome<PendingRequestJson>> =>
    either({ method: 'GET', path: `${pathOf(id)}?wait=${waitSeconds}` }, PendingRequestJson),
  requests: (query: RequestListQuery = {}): Promise<RequestList> => get(`/v1/requests${queryText(query)}`, RequestList),
  request: (id: string): Promise<RequestJson> => get(pathOf(id), RequestJson),
  approve: (id: string, body: ApproveBody): Promise<Outcome<RequestSummary>> =>
    either({ method: 'POST', path: `${pathOf(id)}/approve`, json: body }, RequestSummary),
  deny: (id: string, body: DenyBody): Promise<RequestSummary> => post(`${pathOf(id)}/deny`, body, RequestSummary),
});
