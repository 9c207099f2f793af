/** How a database's own facts are judged, at the very second where each judgement changes. */
import { describe, expect, it } from 'vitest';
import { type Finding, worstState } from '../../../src/domain/diagnosis/finding.ts';
import {
  type InventoryFacts,
  judgeCertificates,
  judgeClock,
  judgeDatabase,
  judgeFiles,
  judgeImportedLists,
  judgeLists,
} from '../../../src/domain/diagnosis/judge-inventory.ts';

const now = Date.UTC(2026, 10, 21);
const seconds = now / 1000;
const day = 86_400;
const facts = (changes: Partial<InventoryFacts> = {}): InventoryFacts => ({
  damage: [],
  orphans: 0,
  certificates: 7,
  newestEvent: now - 1000,
  logEnds: { first: { hash: 'aa' }, newest: { seq: 20 } },
  lists: [{ authority: 'dev-root', thisUpdate: seconds - 100, nextUpdate: seconds + 900 }],
  imported: [],
  notImported: [],
  authorities: [{ name: 'dev-root', notAfter: seconds + 1000 * day }],
  admins: [{ name: 'admin', notAfter: seconds + 300 * day }],
  keys: [],
  begunKeys: [],
  environments: ['dev', 'system'],
  ...changes,
});
const around = { now, served: true };
const told = ({ state, next }: Finding): [string, boolean] => [state, next !== undefined];
const well = ['ok', false];

describe('the database beside the checkpoint of its home', () => {
  const log = (logEnds: InventoryFacts['logEnds']) =>
    judgeDatabase(facts({ logEnds }), {
      home: '/home',
      signed: { log: 'aa', seq: 20, hash: 'bb', at: now },
    }).map(told);
  const ends = (hash: string, seq: number) => ({ first: { hash }, newest: { seq } });

  it('reaches it, or has gone on since', () => {
    expect([...log(ends('aa', 20)), ...log(ends('aa', 21))]).toEqual([well, well]);
  });

  it('is an older one, another, or empty', () => {
    for (const found of [ends('aa', 19), ends('ab', 20), ends('ab', 50), undefined]) {
      expect(log(found)).toEqual([['fail', true]]);
    }
  });
});

describe('the files of the home', () => {
  const all = ['trust/dev.pem', 'trust/system.pem', 'admin/admin.key', 'admin/admin.crt'];
  const without = (...files: string[]) =>
    judgeFiles(facts(), (file) => all.includes(file) && !files.includes(file)).map(({ state, says }) => [state, says]);

  it('are there, or an admin has taken both of its own along', () => {
    expect(without()).toEqual([]);
    expect(without('admin/admin.key', 'admin/admin.crt')).toEqual([]);
  });

  it('are told by name when they are missing', () => {
    expect(without('trust/dev.pem')).toEqual([['warn', expect.stringContaining('trust/dev.pem')]]);
    expect(without('admin/admin.key')).toEqual([['warn', expect.stringContaining('admin/admin.key')]]);
    expect(without('trust/system.pem', 'admin/admin.crt')).toHaveLength(2);
  });
});

describe('the database', () => {
  it.each([
    ['is well without faults', {}, well],
    ['fails by damage', { damage: ['Page 7 is never used'] }, ['fail', true]],
    ['fails by rows that refer to none', { orphans: 1 }, ['fail', true]],
  ])('%s', (_what, changes, judgement) =>
    expect(judgeDatabase(facts(changes), { home: '/home', signed: undefined }).map(told)).toEqual([judgement]),
  );
});

describe('the clock', () => {
  it.each([
    ['is well in a new home', 0, well],
    ['is well a minute behind', now + 60_000, well],
    ['fails more than a minute behind', now + 61_000, ['fail', true]],
    ['is well 90 days ahead', now - 90 * day * 1000, well],
    ['fails more than 90 days ahead', now - (90 * day + 1) * 1000, ['fail', true]],
  ])('%s', (_what, newestEvent, judgement) =>
    expect(told(judgeClock(facts({ newestEvent }), around))).toEqual(judgement),
  );
});

describe('lists', () => {
  const list = (thisUpdate: number, nextUpdate: number) => ({
    lists: [{ authority: 'dev-root', thisUpdate: seconds + thisUpdate, nextUpdate: seconds + nextUpdate }],
  });
  it.each([
    ['are well at half of their life', list(-500, 500), well],
    ['are old after it', list(-501, 499), ['warn', true]],
    ['fail at their nextUpdate', list(-1000, 0), ['fail', true]],
    ['are missed where an authority has none', { lists: [] }, ['warn', true]],
    ['are not missed where there is no authority', { lists: [], authorities: [] }, well],
  ])('%s', (_what, changes, judgement) => expect(told(judgeLists(facts(changes), around))).toEqual(judgement));

  it.each([
    ['are no matter while nobody has to fetch the next one', 90 * day, 60 * day, []],
    ['are called for before they end', 90 * day, 30 * day, ['warn']],
    ['fail when they are over', 90 * day, 0, ['fail']],
  ])('that were imported %s', (_what, life, left, states) => {
    const imported = [
      { authority: 'corp-external-root', thisUpdate: seconds + left - life, nextUpdate: seconds + left },
    ];
    const found = judgeImportedLists(facts({ imported }), { now });
    expect(found.map(({ state }) => state)).toEqual(states);
    for (const { says, next } of found)
      expect([says, next]).toEqual([
        expect.stringContaining('corp-external-root'),
        expect.stringContaining('import-crl'),
      ]);
  });

  it('that were never imported are missed by name', () => {
    const [found, ...more] = judgeImportedLists(facts({ notImported: ['corp-external-root'] }), { now });
    expect([found?.state, more]).toEqual(['warn', []]);
    expect(`${found?.says} ${found?.next}`).toMatch(/corp-external-root.*import-crl/);
  });

  it('are for a stopped service to make anew when it starts', () => {
    const { next } = judgeLists(facts(list(-1000, 0)), { now, served: false });
    expect(next).toContain('Start the service');
  });

  it('that are not there yet are no sign that a running service fails to make them', () => {
    const { says, next } = judgeLists(facts({ lists: [] }), { now, served: true });
    expect([says, next]).toEqual(['no list yet of dev-root', expect.stringContaining('Look again')]);
  });
});

describe('certificates', () => {
  const authority = (left: number) => ({ authorities: [{ name: 'dev-root', notAfter: seconds + left }] });
  const admin = (left: number) => ({ admins: [{ name: 'admin', notAfter: seconds + left }] });
  it.each([
    ['of authorities are well for 90 days', authority(90 * day), well],
    ['of authorities are a warning within 90 days', authority(90 * day - 1), ['warn', true]],
    ['of authorities fail when they have expired', authority(-1), ['fail', true]],
    ['of admins are well for 14 days', admin(14 * day), well],
    ['of admins are a warning within 14 days', admin(14 * day - 1), ['warn', true]],
    ['of admins fail when the last has expired', admin(-1), ['fail', true]],
    [
      'of one admin need not be renewed when they have expired and another’s are good',
      { admins: [...admin(-1).admins, { name: 'other', notAfter: seconds + 300 * day }] },
      well,
    ],
    ['of admins fail when there is none', { admins: [] }, ['fail', true]],
  ])('%s', (_what, changes, judgement) => expect(told(judgeCertificates(facts(changes), around))).toEqual(judgement));

  it('live to the end of their last second', () => {
    const lastMoment = { now: now + 999, served: true };
    expect(told(judgeCertificates(facts(admin(0)), lastMoment))).toEqual(['warn', true]);
    expect(told(judgeCertificates(facts(authority(0)), lastMoment))).toEqual(['warn', true]);
  });
});

it('the worst finding is that of all', () => {
  const of = (...states: Finding['state'][]) => states.map((state) => ({ check: 'home', state, says: '' }) as const);
  expect([[], of('ok'), of('warn', 'ok'), of('ok', 'fail', 'warn')].map(worstState)).toEqual([
    'ok',
    'ok',
    'warn',
    'fail',
  ]);
});
