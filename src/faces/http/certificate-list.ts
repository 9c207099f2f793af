/** Lists of certificates: a page of JSON, or everything that matches as CSV (RFC 4180) or NDJSON, streamed. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CertificateListQuery } from '../../api/certificate.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { CertificatePage, ListInput, Services } from '../../services/services.ts';
import { negotiate } from './accept.ts';
import { callerOf } from './authentication.ts';
import { csvHeader, csvLine } from './certificate-csv.ts';
import { jsonMediaType, sendJson } from './certificate-formats.ts';
import { certificateSummary } from './certificate-json.ts';

const formats = [jsonMediaType, 'text/csv', 'application/x-ndjson'] as const;

const defaultPage = 100;
const streamedPage = 1000;

/** The filters as the services take them; times become Unix seconds. */
function listInput(query: CertificateListQuery, defaultLimit = defaultPage): ListInput {
  const { product, key, q, limit = defaultLimit, sort = '-requestedAt', ...same } = query;
  const { 'notAfter.before': before, 'notAfter.after': after, 'issued.after': issuedAfter, ...filters } = same;
  return {
    ...(filters as Pick<
      ListInput,
      'purpose' | 'environment' | 'profile' | 'authority' | 'status' | 'name' | 'requestedBy'
    >),
    ...(product !== undefined && { purpose: 'product', owner: product }),
    ...(key !== undefined && { keySha256: key }),
    ...(q !== undefined && { text: q }),
    ...(before !== undefined && { notAfterBefore: unixSeconds(before) }),
    ...(after !== undefined && { notAfterAfter: unixSeconds(after) }),
    ...(issuedAfter !== undefined && { issuedAfter: unixSeconds(issuedAfter) }),
    sort: sort as ListInput['sort'],
    limit,
  };
}

const unixSeconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** Answers `GET /v1/certificates`. A stream without `limit` ends with the last match, else after that many. */
export function createListAnswer(services: Services, now: () => number) {
  return async (request: FastifyRequest, reply: FastifyReply, query: CertificateListQuery): Promise<FastifyReply> => {
    const format = negotiate(request.headers.accept, formats);
    const input = listInput(query, format === jsonMediaType ? defaultPage : streamedPage);
    // Refusals come with the first page, while there is still a status to give.
    const first = await services.listCertificates(callerOf(request), input);
    reply.header('vary', 'accept');
    if (format === jsonMediaType) {
      const items = first.items.map((record) => certificateSummary(record, now()));
      return sendJson(reply, { items, nextCursor: first.nextCursor });
    }
    const nextPage = (cursor: string) => services.listCertificates(callerOf(request), { ...input, cursor });
    const pages = query.limit === undefined ? allPages(first, nextPage) : [first];
    const csv = format === 'text/csv';
    reply.header('content-type', csv ? 'text/csv; charset=utf-8; header=present' : format);
    if (csv) reply.header('content-disposition', 'attachment; filename="certificates.csv"');
    const line = csv ? csvLine : (summary: object) => `${JSON.stringify(summary)}\n`;
    const lines = (items: readonly CertificateRecord[]) =>
      items.map((record) => line(certificateSummary(record, now()))).join('');
    return reply.send(Readable.from(textOf(pages, lines, csv ? csvHeader : ''), { objectMode: false }));
  };
}

async function* allPages(
  first: CertificatePage,
  nextPage: (cursor: string) => Promise<CertificatePage>,
): AsyncGenerator<CertificatePage> {
  for (let page = first; ; ) {
    yield page;
    if (page.nextCursor === null) return;
    page = await nextPage(page.nextCursor);
  }
}

async function* textOf(
  pages: AsyncIterable<CertificatePage> | Iterable<CertificatePage>,
  lines: (items: readonly CertificateRecord[]) => string,
  header: string,
): AsyncGenerator<string> {
  if (header !== '') yield header;
  for await (const { items } of pages) if (items.length > 0) yield lines(items);
}
