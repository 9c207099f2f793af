/** Lists over the real inventory: who sees what, which questions make no sense, and text that is made as it is read. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaError } from '../../../src/domain/errors.ts';
import type { Caller } from '../../../src/services/caller.ts';
import { createListServices } from '../../../src/services/inventory/list-certificates.ts';
import type { ListInput } from '../../../src/services/services.ts';
import { certificateDetails, recordCertificate } from '../../support/inventory-builders.ts';
import { listedPage } from '../../support/listed-page.ts';
import { admin, firstRunService, type TestService } from '../../support/service-builder.ts';
import { suiteFolder } from '../../support/suite-folder.ts';

const folder = suiteFolder();
let service: TestService;
beforeAll(async () => {
  service = await firstRunService({ home: folder('listing') });
});
afterAll(() => service.close());

const demo: Caller = { kind: 'token', tokenId: 't1', product: 'dev/demo', profiles: ['server'] };
const list = (asked: Partial<ListInput>, caller: Caller = admin) =>
  listedPage(service.services, caller, { sort: '-requestedAt', limit: 10, ...asked });
const refusal = async (asked: Partial<ListInput>, caller: Caller = admin) => {
  const error = (await list(asked, caller).catch((thrown: unknown) => thrown)) as CaError;
  return [error.code, ...error.reasons.map(({ field }) => field)];
};
const now = Date.UTC(2026, 5, 1, 12) / 1000;

describe('a list', () => {
  it.each([
    [['notAfter.before'], { notAfterAfter: 9, notAfterBefore: 9 }],
    [['notAfter.before'], { notAfterAfter: 9, notAfterBefore: 10 }],
    [['issued.before'], { issuedAfter: 9, issuedBefore: 8 }],
    [['notAfter.after'], { status: 'expired', notAfterAfter: now }],
    [['notAfter.before'], { status: ['valid'], notAfterBefore: now }],
    [['status'], { status: 'pending', issuedAfter: 5 }],
    [['purpose'], { purpose: 'operator', owner: 'dev/demo' }],
    [['environment'], { environment: ['prod', 'staging'], owner: 'dev/demo' }],
    [['status'], { status: ['expired', 'revoked'], rotation: 'overdue' }],
    [['successor'], { successor: 'some', rotation: 'overdue' }],
    [['purpose'], { purpose: 'server', deployment: 'none' }],
    [['issued.before', 'environment'], { issuedAfter: 9, issuedBefore: 1, environment: 'prod', owner: 'dev/demo' }],
  ] as const)('of what cannot be is refused for %s', async (fields, asked) => {
    expect(await refusal(asked)).toEqual(['malformed', ...fields]);
  });

  it.each([
    { notAfterAfter: 9, notAfterBefore: 11 },
    { status: ['expired', 'valid'], notAfterAfter: now + 5 },
    { environment: ['dev'], owner: 'dev/demo' },
  ] as const)('of what may be is empty or not, but an answer', async (asked) => {
    await expect(list(asked)).resolves.toBeDefined();
  });

  it('of more combinations than are searched is refused, whoever lists, counts, exports or plans by them', async () => {
    const { services } = service;
    const profile = Array.from({ length: 13 }, (_, at) => `p${at}`);
    const status = ['pending', 'valid', 'expired', 'revoked', 'held'] as const;
    const authority = Array.from({ length: 5 }, (_, at) => `a${at}`);
    const filter = { profile, authority };
    const asking = [
      list({ profile, status }),
      list({ profile, status, count: true }),
      services.exportCertificates(admin, { sort: 'notAfter', limit: 5, profile, status }, 'csv'),
      services.planCampaign({ filter, rotateBy: new Date((now + 86_400) * 1000).toISOString() }),
    ];
    for (const asked of asking) {
      const reason = { code: 'invalidField', field: 'profile', message: expect.stringContaining('65 combinations') };
      await expect(asked).rejects.toMatchObject({ code: 'malformed', reasons: [reason] });
    }
    await expect(list({ profile: profile.slice(1), status })).resolves.toBeDefined();
    await expect(list({ profile: profile.map(() => 'p'), status })).resolves.toBeDefined();
  });

  it('of names that never were is refused for each, whoever counts, exports or plans by them', async () => {
    const { services } = service;
    const never = { environment: ['dev', 'prdo'], owner: ['dev/demo', 'dev/dmeo'] };
    const filter = { environment: 'prdo', product: 'dev/dmeo' };
    const asking: readonly (readonly [string, Promise<unknown>])[] = [
      ['environment product', list(never)],
      ['environment product', services.exportCertificates(admin, { sort: 'notAfter', limit: 5, ...never }, 'csv')],
      ['environment product', services.countExpiring({ days: 5, ...filter })],
      ['environment product', services.planCampaign({ filter, rotateBy: '2026-06-08T12:00:00Z' })],
      ['environment product', services.startCampaign(admin, { filter, rotateBy: '2026-06-08T12:00:00Z' })],
      ['environment', services.summarizeInventory('prdo')],
      ['environment', services.listProducts({ environment: 'prdo', limit: 5 })],
      ['environment', services.listProfiles({ environment: 'prdo', limit: 5 })],
      ['product', services.listTokens({ product: 'dev/dmeo', limit: 5 })],
      ['product', services.listRequests(admin, { product: 'dev/dmeo', limit: 5 })],
    ];
    for (const [fields, asked] of asking) {
      const error = (await asked.catch((thrown: unknown) => thrown)) as CaError;
      expect([error.code, error.reasons?.map(({ field }) => field).join(' ')]).toEqual(['malformed', fields]);
    }
  });

  it('of a product that was removed still says what it was issued', async () => {
    const { services } = service;
    const made = { environment: 'dev', name: 'gone', nameRules: ['gone.dev'] };
    await services.createProduct(admin, made);
    await services.removeProduct(admin, 'dev/gone');
    await expect(list({ owner: 'dev/gone' })).resolves.toMatchObject({ items: [] });
  });

  it('refuses what is no serial', async () => {
    expect(await refusal({ serial: '../..' })).toEqual(['malformed', 'serial']);
    expect(await refusal({ issuerSerial: 'x' })).toEqual(['malformed', 'issuer']);
  });

  it('finds a serial as people paste it', async () => {
    const { serial } = await recordCertificate(service.inventory);
    const pasted = serial.toUpperCase().match(/../g)!.join(':');
    expect((await list({ serial: pasted })).items.map((item) => item.serial)).toEqual([serial]);
  });

  it.each([
    ['DEMO.Dev.Internal', 'demo.dev.internal'],
    ['*.DEV.internal', 'demo.dev.internal'],
    ['2001:DB8:0::1', '2001:db8::1'],
    ['Ops@EXAMPLE.org', 'Ops@example.org'],
  ])('finds by the name %s who has %s', async (asked, name) => {
    const { serial } = await recordCertificate(service.inventory, { names: [name], profile: 'named' });
    const { items } = await list({ name: asked, profile: 'named' });
    expect(items.map((item) => item.serial)).toContain(serial);
  });

  it.each(['*', '*.', '**.dev.internal', 'demo.dev.internal.', 'démo.dev', '[demo]', '*.*.dev.internal'])(
    'refuses the name %s, which no certificate has',
    async (name) => {
      expect(await refusal({ name })).toEqual(['malformed', 'name']);
    },
  );

  it('shows a product its own alone, and refuses its questions about others', async () => {
    const own = await recordCertificate(service.inventory, { owner: 'dev/demo' });
    await recordCertificate(service.inventory, { owner: 'dev/other' });
    expect((await list({}, demo)).items.map(({ serial }) => serial)).toEqual([own.serial]);
    expect((await list({ owner: 'dev/demo', count: true }, demo)).count).toEqual({ matches: 1, isExact: true });
    expect(await refusal({ owner: 'dev/other' }, demo)).toEqual(['unauthorized', 'product']);
    expect(await refusal({ owner: ['dev/demo', 'dev/other'] }, demo)).toEqual(['unauthorized', 'product']);
  });

  it('judges every page by the moment of the first', async () => {
    const ends = [now + 5, now + 6, now + 7].map((notAfter) => ({ notAfter, profile: 'brief' }));
    for (const overrides of ends) await recordCertificate(service.inventory, certificateDetails(overrides));
    const asked = { status: 'valid', profile: 'brief', sort: 'notAfter', limit: 2 } as const;
    const first = await list(asked);
    service.pass(60);
    const second = await list({ ...asked, cursor: first.nextCursor! });
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([2, 1, null]);
    expect(second.items.map(({ status }) => status)).toEqual(['valid']);
  });
});

describe('an export', () => {
  const exported = async (limit: number, form = 'ndjson', caller: Caller = admin): Promise<string[]> => {
    const input = { profile: 'many', sort: 'requestedAt', limit } as const;
    const chunks: Uint8Array[] = [];
    // Copies: its memory is used again.
    for await (const chunk of await service.services.exportCertificates(caller, input, form))
      chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString().split('\n').slice(0, -1);
  };

  beforeAll(async () => {
    const many = Array.from({ length: 2500 }, (_, index) => ({ profile: 'many', requestedAt: now * 1000 + index }));
    await Promise.all(many.map((overrides) => recordCertificate(service.inventory, overrides)));
  });

  it('has everything once, over as many pages as it takes', async () => {
    const lines = await exported(Number.MAX_SAFE_INTEGER);
    const serials = lines.map((line) => (JSON.parse(line) as { serial: string }).serial);
    expect([serials.length, new Set(serials).size]).toEqual([2500, 2500]);
  });

  it('ends where it was told to', async () => {
    expect((await exported(1000)).length).toBe(1000);
    expect((await exported(1001, 'csv')).length).toBe(1001);
  });

  it('of a product holds its own alone', async () => {
    expect(await exported(5000, 'ndjson', demo)).toEqual([]);
  });

  it('writes over the memory of a chunk no sooner than the one after the next is asked for', async () => {
    const given: (ArrayBuffer | undefined)[] = [];
    const inventory = {
      ...service.inventory,
      async renderCertificates(_query: unknown, _form: string, memory?: ArrayBuffer) {
        given.push(memory);
        const count = given.length === 6 ? 1 : 1000;
        const text = new Uint8Array(memory ?? new ArrayBuffer(8));
        return { text, count, more: count > 1, last: { sortValue: given.length, serial: 'aa' } };
      },
    };
    const cursorsFor = () => Promise.reject(new Error('an export has no cursors'));
    const { exportCertificates } = createListServices({
      inventory,
      cursorsFor,
      clock: { now: () => 0, monotonic: () => 0 },
    });
    const got: ArrayBufferLike[] = [];
    for await (const chunk of await exportCertificates(admin, { sort: 'requestedAt', limit: 10_000 }, 'ndjson')) {
      // The next is under way already, unless this is the last: neither this nor the one before may be written over by it.
      const next = given[got.length + 1];
      if (next) expect([chunk.buffer, got.at(-1)]).not.toContain(next);
      got.push(chunk.buffer);
    }
    expect([got.length, new Set(got).size, given.filter((memory) => memory).length]).toEqual([6, 3, 3]);
  });
});
