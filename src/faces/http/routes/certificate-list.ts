/** Lists of certificates: a page of JSON, or everything that matches as CSV (RFC 4180) or NDJSON, streamed. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CertificateList, CertificateListQuery } from '../../../api/certificate-list.ts';
import type { Reason } from '../../../domain/errors.ts';
import type { DeploymentState } from '../../../domain/records/deployment.ts';
import { refuseIfAny } from '../../../domain/refusal.ts';
import type { CertificatePage, ListInput, Services } from '../../../services/services.ts';
import { negotiate } from '../accept.ts';
import { callerOf } from '../arrival/authentication.ts';
import { csvHeader } from '../json/certificate-csv.ts';
import { unixSeconds } from '../json/unix-time.ts';
import { jsonContentType, jsonMediaType } from './certificate-formats.ts';

const formats = [jsonMediaType, 'text/csv', 'application/x-ndjson'] as const;

const defaultPage = 100;

/** The filters as the services take them; times become Unix seconds. Throws `malformed` for a time that is none. */
function listInput(query: CertificateListQuery): ListInput {
  const {
    product,
    key,
    q,
    issuer,
    deployment,
    limit = defaultPage,
    sort = defaultSort(query),
    count,
    cursor,
    ...same
  } = query;
  const {
    'notAfter.before': notAfterBefore,
    'notAfter.after': notAfterAfter,
    'issued.before': issuedBefore,
    'issued.after': issuedAfter,
    ...filters
  } = same;
  return {
    ...(filters as Omit<typeof filters, 'purpose'> & Pick<ListInput, 'purpose' | 'successor' | 'rotation'>),
    // Of the service’s own certificates nobody reports.
    ...((product ?? deployment) !== undefined && filters.purpose === undefined && { purpose: 'product' }),
    ...(product !== undefined && { owner: product }),
    ...(deployment !== undefined && { deployment: deploymentStates(deployment) }),
    ...(key !== undefined && { keySha256: key }),
    ...(q !== undefined && { text: q }),
    ...(issuer !== undefined && { issuerSerial: issuer }),
    ...unixSeconds({ notAfterBefore, notAfterAfter, issuedBefore, issuedAfter }, fieldNames),
    ...(cursor !== undefined && { cursor }),
    ...(count !== undefined && count !== 'false' && { count: true }),
    sort: sort as ListInput['sort'],
    limit,
  };
}

/** What a certificate’s targets may have come to, by what is asked. */
const statesOf: Readonly<Record<AskedDeployment, readonly DeploymentState[]>> = {
  none: ['none'],
  proved: ['proved'],
  deployed: ['deployed'],
  failed: ['failed', 'failedBehind'],
  predecessor: ['behind', 'failedBehind'],
};

type AskedDeployment = Extract<CertificateListQuery['deployment'], string>;

const deploymentStates = (asked: NonNullable<CertificateListQuery['deployment']>): DeploymentState[] => [
  ...new Set([asked].flat().flatMap((one) => statesOf[one as AskedDeployment])),
];

const fieldNames = {
  notAfterBefore: 'notAfter.before',
  notAfterAfter: 'notAfter.after',
  issuedBefore: 'issued.before',
  issuedAfter: 'issued.after',
} as const;

/** The order that the question suggests, and in which its answer is found at once. */
function defaultSort(query: CertificateListQuery): ListInput['sort'] {
  if (query.status === 'expired') return '-notAfter';
  return query['notAfter.before'] === undefined && query['notAfter.after'] === undefined ? '-requestedAt' : 'notAfter';
}

/** Answers `GET /v1/certificates`. A stream without `limit` ends with the last match, else after that many. */
export function createListAnswer(services: Services) {
  return async (request: FastifyRequest, reply: FastifyReply, query: CertificateListQuery): Promise<FastifyReply> => {
    const format = negotiate(request.headers.accept, formats);
    const input = listInput(query);
    reply.header('vary', 'accept');
    if (format !== jsonMediaType) return streamText(services, request, reply, { input, query, format });
    const page = await services.listCertificates(callerOf(request), input, 'json');
    return reply.header('content-type', jsonContentType).send(listText(page));
  };
}

/** The octets of a CertificateList. Its items are text already, with a comma behind each. */
function listText({ text, nextCursor, count }: CertificatePage): Buffer {
  const rest: Omit<CertificateList, 'items'> = { nextCursor, ...(count && { count: { ...count } }) };
  const end = `],${JSON.stringify(rest).slice(1)}`;
  return Buffer.concat([Buffer.from('{"items":['), text.subarray(0, -1), Buffer.from(end)]);
}

interface Streamed {
  readonly input: ListInput;
  readonly query: CertificateListQuery;
  readonly format: 'text/csv' | 'application/x-ndjson';
}

/** Text comes as the peer takes it, and the head only when the first page is there. */
async function streamText(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  { input, query, format }: Streamed,
): Promise<FastifyReply> {
  refusePaging(query);
  const csv = format === 'text/csv';
  const { cursor: _cursor, count: _count, ...all } = input;
  const limit = query.limit ?? Number.MAX_SAFE_INTEGER;
  const lines = await services.exportCertificates(callerOf(request), { ...all, limit }, csv ? 'csv' : 'ndjson');
  reply.header('content-type', csv ? 'text/csv; charset=utf-8; header=present' : format);
  if (csv) reply.header('content-disposition', 'attachment; filename="certificates.csv"');
  return reply.send(Readable.from(csv ? withHeader(lines) : lines, { objectMode: false, highWaterMark: 1 }));
}

/** A stream is whole: it has no pages to continue, and its lines are its count. */
function refusePaging({ cursor, count }: CertificateListQuery): void {
  const reasons = Object.entries({ cursor, count })
    .filter(([, value]) => value !== undefined)
    .map(([field]): Reason => ({ code: 'contradictoryFilters', field, message: `${field} belongs to pages of JSON.` }));
  refuseIfAny(reasons);
}

async function* withHeader(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(csvHeader);
  yield* lines;
}
