/** Contract of the inventory: whatever is asked, in whatever order, while certificates come: the answer is the plain one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CertificateRecord, certificateStatus } from '../../../src/domain/records/certificate.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { CertificateFilter, CertificateQuery } from '../../../src/ports/inventory-questions.ts';
import {
  auditEntry,
  daySeconds,
  frozenNow,
  frozenNowSeconds,
  issuanceIntent,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import { tries } from '../../support/tries.ts';
import type { InventoryStore } from '../inventory.ts';
import {
  type ArbitraryCertificate,
  arbitraryCertificate,
  arbitraryFilter,
  arbitrarySort,
  matches,
  sortKey,
} from './model.ts';
import { openedInventory } from './opened.ts';

const arbitraryNow = fc.integer({ min: -3, max: 21 }).map((days) => frozenNowSeconds + days * daySeconds + 1);

export function questionsContract(makeStore: () => Promise<InventoryStore>): void {
  const opened = openedInventory(makeStore);

  it('answers every question as somebody would who looks at each record', async () => {
    const { inventory } = opened;
    await fill(inventory, fc.sample(arbitraryCertificate, 120));
    const records = await everything(inventory);
    const question = fc.record({ filter: arbitraryFilter, sort: arbitrarySort, now: arbitraryNow });
    await fc.assert(
      fc.asyncProperty(question, async ({ filter, sort, now }) => {
        const expected = records.filter((record) => matches(record, filter, now));
        const found = await inventory.searchCertificates({ ...filter, sort, now, limit: 1000 });
        expect(serials(found).sort()).toEqual(serials(expected).sort());
        expect(isSorted(found, sort)).toBe(true);
        expect(await inventory.countMatches(filter, now)).toEqual({ matches: expected.length, isExact: true });
        // New labels are found before and after they come into the index.
        await inventory.catchUp(frozenNowSeconds);
      }),
      { numRuns: tries(150) },
    );
  });

  it('pages through everything that was there at the start exactly once, while certificates are issued', async () => {
    const { inventory } = opened;
    await fill(inventory, fc.sample(arbitraryCertificate, 40));
    const walk = fc.record({
      sort: arbitrarySort,
      filter: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: arbitraryFilter }),
      limit: fc.integer({ min: 1, max: 15 }),
      arriving: fc.array(fc.array(arbitraryCertificate, { maxLength: 3 }), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(walk, async ({ sort, filter, limit, arriving }) => {
        const now = frozenNowSeconds;
        const there = (await everything(inventory)).filter((record) => matches(record, filter, now));
        const arrivals = arriving.values();
        const seen: CertificateRecord[] = [];
        for (let page = await read(); page.length > 0; page = await read(page.at(-1))) {
          seen.push(...page);
          await fill(inventory, arrivals.next().value ?? []);
        }
        const counts = Map.groupBy(serials(seen), (serial) => serial);
        expect([...counts.values()].every(({ length }) => length === 1)).toBe(true);
        expect(serials(seen)).toEqual(expect.arrayContaining(serials(there)));
        expect(isSorted(seen, sort)).toBe(true);

        function read(last?: CertificateRecord): Promise<readonly CertificateRecord[]> {
          const after = last && { sortValue: sortKey(last, sort), serial: last.serial };
          return inventory.searchCertificates({ ...filter, sort, limit, now, ...(after && { after }) });
        }
      }),
      { numRuns: tries(40) },
    );
  });

  it('keeps its summary true through every act, at every moment', async () => {
    const { inventory } = opened;
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.array(arbitraryCertificate, { minLength: 1, maxLength: 8 }) },
      { weight: 1, arbitrary: fc.constant('catchUp' as const) },
    );
    const story = fc.array(
      fc.record({ act, now: arbitraryNow, environment: fc.constantFrom(undefined, 'dev', 'none') }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        for (const step of steps) {
          if (step.act === 'catchUp') await inventory.catchUp(step.now);
          else await fill(inventory, step.act);
          const records = (await everything(inventory)).filter(
            ({ environment }) => step.environment === undefined || environment === step.environment,
          );
          const { total, products, profiles, keyTypes, expiryWeeks } = await inventory.summary(
            step.now,
            step.environment,
          );
          expect(total).toEqual(recount(records, step.now, () => 'all').get('all') ?? none);
          expect(products).toEqual(recount(records, step.now, ({ owner }) => owner));
          expect(profiles).toEqual(recount(records, step.now, (one) => `${one.environment}/${one.profile}`));
          expect(keyTypes).toEqual(recount(records, step.now, ({ keyType }) => keyType));
          expect(expiryWeeks).toEqual(recount(records, step.now, ({ notAfter }) => mondayBefore(notAfter)));
        }
      }),
      { numRuns: tries(25) },
    );
  });

  it('counts what expires by day and product, of what is good, through every act, at every moment', async () => {
    const { inventory } = opened;
    const story = fc.array(
      fc.record({
        act: fc.oneof(
          { weight: 3, arbitrary: fc.array(arbitraryCertificate, { minLength: 1, maxLength: 12 }) },
          { weight: 1, arbitrary: fc.constant('catchUp' as const) },
        ),
        now: arbitraryNow,
        days: fc.integer({ min: 1, max: 20 }),
        environment: fc.constantFrom(undefined, 'dev', 'none'),
        product: fc.constantFrom(undefined, 'dev/a', 'prod/c'),
      }),
      { minLength: 1, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        for (const { act, now, days, environment, product } of steps) {
          if (act === 'catchUp') await inventory.catchUp(now);
          else await fill(inventory, act);
          const until = dayOf(now) + days * daySeconds;
          const filter = { ...(environment && { environment }), ...(product && { product }) };
          const good = (await everything(inventory)).filter(
            (one) =>
              certificateStatus(one, now) === 'valid' &&
              one.notAfter < until &&
              matches(one, { ...(environment && { environment }), ...(product && { owner: product }) }, now),
          );
          const productsOnly = good.filter(({ purpose }) => purpose === 'product');
          const counts = await inventory.expiring({ now, until, ...filter });
          expect(counts.days).toEqual(expiringBy(productsOnly, now, ({ notAfter }) => dayOf(notAfter)));
          expect([...counts.days.keys()]).toEqual([...counts.days.keys()].sort((a, b) => a - b));
          expect(counts.products).toEqual(expiringBy(productsOnly, now, ({ owner }) => owner));
        }
      }),
      { numRuns: tries(25) },
    );
  });

  describe('finding one certificate', () => {
    it('by its serial, whatever else is asked', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory);
      await recordCertificate(inventory);
      const find = (filter: CertificateFilter) => inventory.searchCertificates({ ...filter, ...anything });
      expect(serials(await find({ serial }))).toEqual([serial]);
      expect(await find({ serial, owner: 'dev/other' })).toEqual([]);
      expect(await find({ serial: 'no serial' })).toEqual([]);
    });
  });

  describe('a page as text', () => {
    it('is what the renderer makes of each record, and says where it ends', async () => {
      const { inventory } = opened;
      const { serial } = await recordCertificate(inventory, { notAfter: frozenNowSeconds + 7 });
      const page = await inventory.renderCertificates({ ...anything, sort: 'notAfter' }, 'plain');
      expect(Buffer.from(page.text).toString()).toBe(`${serial} ${frozenNowSeconds}\n`);
      const last = { sortValue: frozenNowSeconds + 7, serial };
      expect([page.count, page.last]).toEqual([1, last]);
      const rest = await inventory.renderCertificates({ ...anything, sort: 'notAfter', after: last }, 'plain');
      expect([rest.text.length, rest.count, rest.last]).toEqual([0, 0, null]);
    });

    it('says whether more come after it', async () => {
      const { inventory } = opened;
      for (let certificate = 0; certificate < 3; certificate++) await recordCertificate(inventory);
      const page = (limit: number) => inventory.renderCertificates({ ...anything, limit }, 'plain');
      const pages = await Promise.all([1, 2, 3, 4].map(page));
      expect(pages.map(({ count, more }) => [count, more])).toEqual([
        [1, true],
        [2, true],
        [3, false],
        [3, false],
      ]);
      const shown = pages.map(({ text }) => Buffer.from(text).toString().trim().split('\n').length);
      expect(shown).toEqual([1, 2, 3, 3]);
    });

    it('fails for a form that nobody gave', async () => {
      await expect(opened.inventory.renderCertificates(anything, 'none')).rejects.toMatchObject({
        code: 'serverInternal',
      });
    });
  });
}

const anything = { sort: 'requestedAt', limit: 1000, now: frozenNowSeconds } as const;

const everything = (inventory: Inventory) => inventory.searchCertificates({ ...anything, limit: 100_000 });

const serials = (records: readonly CertificateRecord[]): string[] => records.map(({ serial }) => serial);

function isSorted(records: readonly CertificateRecord[], sort: CertificateQuery['sort']): boolean {
  const keys = records.map((record) => sortKey(record, sort));
  if (sort.startsWith('-')) keys.reverse();
  return keys.every((key, index) => index === 0 || keys[index - 1]! <= key);
}

const none = { pending: 0, valid: 0, expired: 0, revoked: 0, held: 0 };

function recount<Key>(records: readonly CertificateRecord[], now: number, keyOf: (record: CertificateRecord) => Key) {
  return new Map(
    Array.from(Map.groupBy(records, keyOf), ([key, group]) => {
      const counts = { ...none };
      for (const record of group) counts[certificateStatus(record, now)] += 1;
      return [key, counts] as const;
    }),
  );
}

const expiringBy = <Key>(
  records: readonly CertificateRecord[],
  now: number,
  keyOf: (record: CertificateRecord) => Key,
) =>
  new Map(
    Array.from(Map.groupBy(records, keyOf), ([key, group]) => {
      const withoutSuccessor = group.filter(({ successor }) => successor === null).length;
      const overdue = group.filter((one) => matches(one, { rotation: 'overdue' }, now)).length;
      return [key, { certificates: group.length, withoutSuccessor, overdue }] as const;
    }),
  );

const dayOf = (seconds: number): number => seconds - (seconds % daySeconds);

function mondayBefore(seconds: number): number {
  const date = new Date(seconds * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() - ((date.getUTCDay() + 6) % 7)) / 1000;
}

/** All at once, as requests come. */
const fill = (inventory: Inventory, certificates: readonly ArbitraryCertificate[]): Promise<unknown> =>
  Promise.all(certificates.map((certificate) => record(inventory, certificate)));

async function record(inventory: Inventory, { details, fate }: ArbitraryCertificate): Promise<void> {
  if (fate === 'intent' || fate === 'closed') {
    const intent = issuanceIntent(details);
    const { serial } = intent.certificate;
    await inventory.recordIntent(intent);
    if (fate === 'closed') await inventory.closeIntent({ serial, at: frozenNow, audit: auditEntry() });
    return;
  }
  const { serial } = await recordCertificate(inventory, details);
  const revoke = (reason: 'superseded' | 'certificateHold') =>
    inventory.revokeCertificate({ serial, revocation: { at: frozenNowSeconds, reason }, audit: auditEntry() });
  if (fate === 'rotated') await recordCertificate(inventory, { ...details, predecessor: serial });
  if (fate === 'unfollowed') {
    const intent = issuanceIntent({ ...details, predecessor: serial });
    await inventory.recordIntent(intent);
    await inventory.closeIntent({ serial: intent.certificate.serial, at: frozenNow, audit: auditEntry() });
  }
  if (fate === 'held' || fate === 'released') await revoke('certificateHold');
  if (fate === 'released') await inventory.releaseCertificate({ serial, audit: auditEntry() });
  if (fate === 'revoked') await revoke('superseded');
}
