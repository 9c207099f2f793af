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

/** A certificate, or what is still waited for. */
export type Outcome<Pending> =
  | { readonly kind: 'certificate'; readonly certificate: CertificateJson }
  | { readonly kind: 'request'; readonly request: Pending };

/** The methods of HTTP as the client has them; `either` reads `accepted` from a 202, and `schema` from another success. */
interface Calls {
  get<Schema extends Shape>(path: string, schema: Schema): Promise<Shaped<Schema>>;
  post<Schema extends Shape>(path: string, json: unknown, schema: Schema): Promise<Shaped<Schema>>;
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
  requests: (query: RequestListQuery = {}): Promise<RequestList> => {
    const pairs = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
    return get(`/v1/requests?${new URLSearchParams(pairs)}`, RequestList);
  },
  request: (id: string): Promise<RequestJson> => get(pathOf(id), RequestJson),
  approve: (id: string, body: ApproveBody): Promise<Outcome<RequestSummary>> =>
    either({ method: 'POST', path: `${pathOf(id)}/approve`, json: body }, RequestSummary),
  deny: (id: string, body: DenyBody): Promise<RequestSummary> => post(`${pathOf(id)}/deny`, body, RequestSummary),
});
