/** The REST API as a typed client over HTTPS with mutual TLS or a bearer token; what the command line talks through. */
import { randomUUID } from 'node:crypto';
import { AlertList } from '../api/alert.ts';
import {
  CertificateJson,
  RenewalInfoJson,
  type RevocationBody,
  type RevokeBody,
  RevokedCertificateJson,
  type SubmitBody,
} from '../api/certificate.ts';
import { CertificateList, type CertificateListQuery } from '../api/certificate-list.ts';
import { PendingRequestJson } from '../api/request.ts';
import { type EnvironmentBody, EnvironmentJson, EnvironmentList, Readiness, StatusJson } from '../api/service.ts';
import type { Shape, Shaped } from '../api/shape.ts';
import { auditCalls } from './audit-calls.ts';
import { authorityCalls } from './authority-calls.ts';
import { campaignCalls } from './campaign-calls.ts';
import { deploymentCalls } from './deployment-calls.ts';
import { ClientFailure } from './failure.ts';
import { type ConnectOptions, type ExchangeAnswer, openExchange } from './https-exchange.ts';
import { inventoryCalls } from './inventory-calls.ts';
import { operatorCalls } from './operator-calls.ts';
import { queryText } from './query-text.ts';
import { readJson, readNothing, readText, shapedAs } from './read-answer.ts';
import { registryCalls } from './registry-calls.ts';
import { type Outcome, requestCalls } from './request-calls.ts';
import { rotationCalls } from './rotation-calls.ts';
import { vaultCalls } from './vault-calls.ts';

export type { ConnectOptions };
export type PrivysealClient = ReturnType<typeof connect>;

/** Opens nothing yet. Every method throws ClientProblem for what the service refused, ClientFailure when no usable answer came. */
export function connect(options: ConnectOptions) {
  const exchange = openExchange(options);
  const { host } = new URL(options.baseUrl);

  const get = async <Schema extends Shape>(path: string, schema: Schema) =>
    readJson(await exchange.send({ method: 'GET', path, accept: 'application/json' }), schema, host);
  const post = async <Schema extends Shape>(path: string, json: unknown, schema: Schema) =>
    readJson(await exchange.send({ method: 'POST', path, accept: 'application/json', json }), schema, host);

  const put = async <Schema extends Shape>(path: string, json: unknown, schema: Schema) =>
    readJson(await exchange.send({ method: 'PUT', path, accept: 'application/json', json }), schema, host);
  const remove = async (path: string): Promise<void> =>
    readNothing(await exchange.send({ method: 'DELETE', path, accept: 'application/json' }), host);
  /** DELETE that answers what went. */
  const take = async <Schema extends Shape>(path: string, schema: Schema) =>
    readJson(await exchange.send({ method: 'DELETE', path, accept: 'application/json' }), schema, host);

  /** Acts that issue carry a key, so that one lost answer can be asked for again without a second certificate. */
  const sendOnce = async (path: string, json: unknown, key: string = randomUUID()): Promise<ExchangeAnswer> => {
    const headers = { 'idempotency-key': key };
    const send = (): Promise<ExchangeAnswer> =>
      exchange.send({ method: 'POST', path, accept: 'application/json', json, headers });
    return send().catch((error: unknown) => {
      if (error instanceof ClientFailure && error.code === 'connectionBroken') return send();
      throw error;
    });
  };
  const issue = async <Schema extends Shape>(path: string, json: unknown, schema: Schema) =>
    readJson(await sendOnce(path, json), schema, host);

  /** 202 (RFC 9110 §15.3.3): not done yet, and what it waits for. */
  const outcomeOf = <Accepted extends Shape>(answer: ExchangeAnswer, accepted: Accepted): Outcome<Shaped<Accepted>> =>
    answer.status === 202
      ? { kind: 'request', request: readJson(answer, accepted, host) }
      : { kind: 'certificate', certificate: readJson(answer, CertificateJson, host) };

  return {
    /** With a key that was kept, an answer that was lost with the process that asked is given again. */
    submit: async (body: SubmitBody, idempotencyKey?: string): Promise<Outcome<PendingRequestJson>> =>
      outcomeOf(await sendOnce('/v1/certificates', body, idempotencyKey), PendingRequestJson),
    /** Over mutual TLS with the very certificate that is rotated. */
    rotate: async (
      serial: string,
      body: Pick<SubmitBody, 'csr' | 'lifetimeSeconds'>,
      idempotencyKey?: string,
    ): Promise<Outcome<PendingRequestJson>> =>
      outcomeOf(await sendOnce(`${certificatePath(serial)}/rotate`, body, idempotencyKey), PendingRequestJson),
    /** When it should be rotated, and when to ask again; for whoever knows the serial. */
    renewalInfo: async (serial: string): Promise<RenewalInfoJson & Pick<ExchangeAnswer, 'retryAfterSeconds'>> => {
      const path = `/v1/renewal-info/${encodeURIComponent(serial)}`;
      const answer = await exchange.send({ method: 'GET', path, accept: 'application/json' });
      return { ...readJson(answer, RenewalInfoJson, host), retryAfterSeconds: answer.retryAfterSeconds };
    },
    ...requestCalls({
      get,
      post,
      either: async (request, accepted) =>
        outcomeOf(await exchange.send({ accept: 'application/json', ...request }), accepted),
    }),
    read: (serial: string): Promise<CertificateJson> => get(certificatePath(serial), CertificateJson),
    /** Pages in the order asked for, fetched as they are consumed. */
    async *list(query: CertificateListQuery = {}): AsyncGenerator<CertificateList> {
      let cursor: string | null | undefined = query.cursor;
      do {
        const page: CertificateList = await get(
          `/v1/certificates${queryText(cursor ? { ...query, count: undefined, cursor } : query)}`,
          CertificateList,
        );
        yield page;
        cursor = page.nextCursor;
      } while (cursor);
    },
    revoke: (serial: string, body: RevokeBody): Promise<CertificateJson> =>
      post(`${certificatePath(serial)}/revoke`, body, CertificateJson),
    /** The certificate that is shown, PEM, also one that the inventory does not have. */
    revokeByCertificate: (body: RevocationBody): Promise<RevokedCertificateJson> =>
      post('/v1/revocations', body, RevokedCertificateJson),
    /** Takes `certificateHold` back. */
    release: (serial: string): Promise<CertificateJson> =>
      post(`${certificatePath(serial)}/release`, {}, CertificateJson),
    ...deploymentCalls({ get, post }),
    ...authorityCalls({ get, post }),
    ...rotationCalls({ get, post }),
    /** The roots of an environment, PEM. */
    trustBundle: async (environment: string): Promise<string> => {
      const path = `/v1/trust-bundles/${encodeURIComponent(environment)}.pem`;
      return readText(await exchange.send({ method: 'GET', path, accept: pemMediaType }), pemMediaType, host);
    },
    environments: (): Promise<EnvironmentList> => get('/v1/environments', EnvironmentList),
    createEnvironment: (body: EnvironmentBody): Promise<EnvironmentJson> =>
      post('/v1/environments', body, EnvironmentJson),
    environment: (name: string): Promise<EnvironmentJson> =>
      get(`/v1/environments/${encodeURIComponent(name)}`, EnvironmentJson),
    ...inventoryCalls({ get, exchange, host }),
    ...campaignCalls({ get, post }),
    ...vaultCalls({ get, post }),
    ...registryCalls({ get, post, put, remove }),
    ...auditCalls({ get, exchange, host }),
    /** Those that are open. */
    alerts: (): Promise<AlertList> => get('/v1/alerts', AlertList),
    ...operatorCalls({ get, put, issue, take }),
    status: (): Promise<StatusJson> => get('/v1/status', StatusJson),
    /** Unready is an answer here, not an error: 503 carries the same parts. */
    readiness: async (): Promise<Readiness> => {
      const answer = await exchange.send({ method: 'GET', path: '/readyz', accept: 'application/json' });
      const unready = answer.status === 503 ? shapedAs(answer, 'application/json', Readiness) : undefined;
      return unready ?? readJson(answer, Readiness, host);
    },
    close: (): Promise<void> => exchange.close(),
  };
}

const pemMediaType = 'application/pem-certificate-chain';

const certificatePath = (serial: string): string => `/v1/certificates/${encodeURIComponent(serial)}`;
