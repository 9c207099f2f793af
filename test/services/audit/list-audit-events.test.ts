/** Questions that no event can answer are refused: an empty list would say that it never happened. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditListInput } from '../../../src/services/services.ts';
import { firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('audit') });
});
afterAll(() => service.close());

const ask = (query: Partial<AuditListInput>) => service.services.listAuditEvents({ sort: 'seq', limit: 10, ...query });

describe('audit events', () => {
  it.each<[string, Partial<AuditListInput>, string, string]>([
    ['a kind that is none', { kind: 'certificate.revoke' }, 'invalidField', 'kind'],
    ['a code that is none', { code: 'nope' }, 'invalidField', 'code'],
    ['the code of a reason', { code: 'tokenUnknown' }, 'invalidField', 'code'],
    ['times the wrong way round', { atAfter: 2000, atBefore: 1000 }, 'contradictoryFilters', 'at.before'],
    ['numbers with nothing between', { seqAfter: 5, seqBefore: 6 }, 'contradictoryFilters', 'seq.before'],
  ])('are not searched for %s', async (_what, query, code, field) => {
    await expect(ask(query)).rejects.toMatchObject({ code: 'malformed', reasons: [{ code, field }] });
  });

  it('are told every contradiction at once', async () => {
    const query = { kind: 'x', code: 'x', atAfter: 2, atBefore: 1, seqAfter: 2, seqBefore: 1 };
    await expect(ask(query)).rejects.toMatchObject({ reasons: [{}, {}, {}, {}] });
  });

  it('between two numbers are those between', async () => {
    const { items } = await ask({ seqAfter: 4, seqBefore: 7 });
    expect(items.map(({ seq }) => seq)).toEqual([5, 6]);
  });
});
