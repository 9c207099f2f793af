/** The audit log over the admin face: filters in the words of the services, and lines that are what was hashed. */
import { Agent } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseExportLine } from '../../../../src/domain/audit/kept-event.ts';
import { buildAdminFace } from '../../../../src/faces/http/admin/build-admin-face.ts';
import type { AuditListInput, Services } from '../../../../src/services/services.ts';
import { makeFaceDeps } from '../../../support/face-deps.ts';
import { clientOf, clientTls, system, tlsMaterial } from '../../../support/face-tls.ts';
import { exchange } from '../../../support/http-exchange.ts';
import { openFace } from '../../../support/open-face.ts';
import { makeServices, testEvent } from '../../../support/services-double.ts';

async function openAdmin(override: Partial<Services> = {}) {
  const double = makeServices(override);
  const { url } = await openFace(buildAdminFace(makeFaceDeps(double.services, { tls: tlsMaterial([system]) })));
  const agent = new Agent({ keepAlive: true, ...clientTls(clientOf(system)) });
  onTestFinished(() => agent.destroy());
  const get = async (path: string, accept = 'application/json') => {
    const { status, headers, body } = await exchange(url + path, { agent, headers: { accept } });
    const text = body.toString();
    return { status, headers, text, json: () => JSON.parse(text) };
  };
  const listed = () =>
    double.calls.filter(({ name }) => name === 'listAuditEvents').map(({ args }) => args[0] as AuditListInput);
  return { ...double, get, listed };
}

const fieldsOf = (problem: { reasons: { code: string; field?: string }[] }) =>
  problem.reasons.map(({ code, field }) => [code, field]);

describe('GET /v1/audit-events', () => {
  it('hands every filter on in the words of the services', async () => {
    const { get, listed } = await openAdmin();
    const query = new URLSearchParams({
      actor: 'operator:admin',
      object: 'certificate:01',
      kind: 'request.refused',
      code: 'policyRefused',
      'at.after': '2026-11-01T00:00:00Z',
      'at.before': '2026-11-02T01:00:00.5+01:00',
      'seq.after': '0',
      'seq.before': '99',
      sort: '-seq',
      cursor: 'abc',
      limit: '7',
    });
    expect((await get(`/v1/audit-events?${query}`)).status).toBe(200);
    expect(listed()).toEqual([
      {
        actor: 'operator:admin',
        object: 'certificate:01',
        kind: 'request.refused',
        code: 'policyRefused',
        atAfter: Date.UTC(2026, 10, 1),
        atBefore: Date.UTC(2026, 10, 2, 0, 0, 0, 500),
        seqAfter: 0,
        seqBefore: 99,
        sort: '-seq',
        cursor: 'abc',
        limit: 7,
      },
    ]);
  });

  it('shows what the hashed text says, and the text itself', async () => {
    const { get } = await openAdmin();
    const { json } = await get('/v1/audit-events');
    const { canonical, previousHash, hash } = testEvent;
    expect(json()).toEqual({
      items: [
        {
          seq: 1,
          at: '2026-11-01T00:00:00.000Z',
          kind: 'request.refused',
          actor: 'anonymous',
          object: 'POST /v1/certificates',
          code: 'badCSR',
          reasons: ['notDer'],
          details: { path: '/v1/certificates' },
          canonical,
          previousHash,
          hash,
        },
      ],
      nextCursor: null,
    });
  });

  it('is oldest first, a hundred a page, without any filter', async () => {
    const { get, listed } = await openAdmin();
    await get('/v1/audit-events');
    expect(listed()).toEqual([{ sort: 'seq', limit: 100 }]);
  });

  it('streams every page as lines that hold the text that was hashed', async () => {
    const pages: Record<string, string | null> = { start: 'second', second: 'third', third: null };
    const { get, listed } = await openAdmin({
      listAuditEvents: async ({ cursor = 'start' }) => ({ items: [testEvent], nextCursor: pages[cursor]! }),
    });
    const { headers, text } = await get('/v1/audit-events', 'application/x-ndjson');
    expect(headers).toMatchObject({ 'content-type': 'application/x-ndjson', vary: 'accept' });
    const lines = text.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map(parseExportLine)).toEqual([testEvent, testEvent, testEvent]);
    expect(JSON.parse(lines[0]!).event).toEqual(JSON.parse(testEvent.canonical));
    expect(listed().map(({ limit }) => limit)).toEqual([1000, 1000, 1000]);
  });

  it('ends a stream after as many as were asked for', async () => {
    const { get } = await openAdmin({ listAuditEvents: async () => ({ items: [testEvent], nextCursor: 'more' }) });
    const { text } = await get('/v1/audit-events?limit=1', 'application/x-ndjson');
    expect(text.split('\n')).toHaveLength(2);
  });

  it.each<[string, [string, string | undefined][]]>([
    ['who=me', [['unknownField', 'who']]],
    ['limit=0', [['invalidField', 'limit']]],
    ['limit=1001', [['invalidField', 'limit']]],
    ['seq.after=-1', [['invalidField', 'seq.after']]],
    ['seq.after=1e3', [['invalidField', 'seq.after']]],
    ['at.after=yesterday', [['invalidField', 'at.after']]],
    ['at.before=2016-12-31T23:59:60Z', [['invalidField', 'at.before']]],
    ['sort=at', [['invalidField', 'sort']]],
    ['actor=', [['invalidField', 'actor']]],
    ['actor=a&actor=b', [['invalidField', 'actor']]],
  ])('refuses %s with its reason', async (query, reasons) => {
    const { get } = await openAdmin();
    const { status, json } = await get(`/v1/audit-events?${query}`);
    expect([status, fieldsOf(json())]).toEqual([400, reasons]);
  });

  it('refuses what it cannot be had as', async () => {
    const { get } = await openAdmin();
    expect((await get('/v1/audit-events', 'text/csv')).status).toBe(406);
  });
});

describe('GET /v1/audit-checkpoints/latest', () => {
  it('is JSON, or the note alone as text to be kept', async () => {
    const { get } = await openAdmin();
    const { json } = await get('/v1/audit-checkpoints/latest');
    const { hash } = testEvent;
    expect(json()).toEqual({ seq: 1, hash, log: hash, at: '2026-11-01T00:00:00.000Z', note: 'a note\n' });
    const asText = await get('/v1/audit-checkpoints/latest', 'text/plain');
    expect([asText.headers['content-type'], asText.text]).toEqual(['text/plain; charset=utf-8', 'a note\n']);
  });
});
