/** Lists of audit events: a page of JSON, or everything that matches as lines that can be verified, streamed. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuditEventJson, AuditEventList, AuditEventListQuery } from '../../../api/audit.ts';
import { exportLine, type KeptEvent } from '../../../domain/audit/kept-event.ts';
import type { AuditEntry } from '../../../domain/records/audit-event.ts';
import type { AuditListInput, AuditPage, Services } from '../../../services/services.ts';
import { negotiate } from '../accept.ts';
import { rfc3339Ms } from '../json/rfc3339.ts';
import { unixMilliseconds } from '../json/unix-time.ts';
import { jsonMediaType, sendJson } from './certificate-formats.ts';

const formats = [jsonMediaType, 'application/x-ndjson'] as const;

const defaultPage = 100;
const streamedPage = 1000;

/** Answers `GET /v1/audit-events`. A stream without `limit` ends with the last match, else after that many. */
export function createAuditListAnswer(services: Pick<Services, 'listAuditEvents'>) {
  return async (request: FastifyRequest, reply: FastifyReply, query: AuditEventListQuery): Promise<FastifyReply> => {
    const format = negotiate(request.headers.accept, formats);
    const input = listInput(query, format === jsonMediaType ? defaultPage : streamedPage);
    // Refusals come with the first page, while there is still a status to give.
    const first = await services.listAuditEvents(input);
    reply.header('vary', 'accept');
    if (format === jsonMediaType) {
      const { nextCursor } = first;
      return sendJson(reply, { items: first.items.map(eventJson), nextCursor } satisfies AuditEventList);
    }
    const nextPage = (cursor: string) => services.listAuditEvents({ ...input, cursor });
    const pages = query.limit === undefined ? allPages(first, nextPage) : [first];
    reply.header('content-type', format);
    return reply.send(Readable.from(linesOf(pages), { objectMode: false }));
  };
}

/** Times become Unix milliseconds. Throws `malformed` for a time that is none. */
function listInput(query: AuditEventListQuery, defaultLimit: number): AuditListInput {
  const { 'at.after': after, 'at.before': before, 'seq.after': seqAfter, 'seq.before': seqBefore, ...same } = query;
  const { sort = 'seq', limit = defaultLimit, ...filters } = same;
  return {
    ...filters,
    ...unixMilliseconds({ atAfter: after, atBefore: before }, { atAfter: 'at.after', atBefore: 'at.before' }),
    ...(seqAfter !== undefined && { seqAfter }),
    ...(seqBefore !== undefined && { seqBefore }),
    sort: sort as AuditListInput['sort'],
    limit,
  };
}

/** Everything is read from the text that was hashed. */
function eventJson({ seq, canonical, previousHash, hash }: KeptEvent): AuditEventJson {
  const { at, kind, actor, object, code = null, reasons = [], details = {} } = JSON.parse(canonical) as AuditEntry;
  const entry = { at: rfc3339Ms(at), kind, actor, object, code, reasons: [...reasons], details };
  return { seq, ...entry, canonical, previousHash, hash };
}

async function* allPages(
  first: AuditPage,
  nextPage: (cursor: string) => Promise<AuditPage>,
): AsyncGenerator<AuditPage> {
  for (let page = first; ; page = await nextPage(page.nextCursor)) {
    yield page;
    if (page.nextCursor === null) return;
  }
}

async function* linesOf(pages: AsyncIterable<AuditPage> | Iterable<AuditPage>): AsyncGenerator<string> {
  for await (const { items } of pages) {
    if (items.length > 0) yield items.map((event) => `${exportLine(event)}\n`).join('');
  }
}
