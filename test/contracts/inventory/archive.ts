/** Contract of the inventory: what goes to the archive, and that everything but searches still knows it there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CertificatePurpose, Revocation } from '../../../src/domain/records/certificate.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { CertificateQuery } from '../../../src/ports/inventory-questions.ts';
import {
  auditEntry,
  daySeconds,
  frozenNowSeconds,
  issuanceIntent,
  operator,
  recordCertificate,
  serialAt,
} from '../../support/inventory-builders.ts';
import { tries } from '../../support/tries.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const crlLifetimeSeconds = daySeconds;
const audit = auditEntry({ kind: 'certificates.archived', object: 'service' });
const everything = { expiredBefore: 2 ** 40, crlLifetimeSeconds, limit: 10_000 };

const revoke = (inventory: Inventory, serial: string, reason: Revocation['reason'] = 'superseded') =>
  inventory.revokeCertificate({ serial, revocation: { at: frozenNowSeconds, reason }, audit: auditEntry() });

/** A list of dev-issuing made at this Unix second. */
const publish = (inventory: Inventory, thisUpdate: number) =>
  inventory.recordCrl(
    {
      authority: 'dev-issuing',
      crlNumber: thisUpdate,
      thisUpdate,
      nextUpdate: thisUpdate + crlLifetimeSeconds,
      der: new Uint8Array([1]),
    },
    auditEntry({ kind: 'crl.published' }),
  );

export function archiveContract(makeStore: () => Promise<InventoryStore>): void {
  describe('the archive', () => {
    const opened = openedInventory(makeStore);
    const expired = frozenNowSeconds;

    it('takes the longest expired first, and no more than asked for', async () => {
      const { inventory } = opened;
      const serials: string[] = [];
      for (const notAfter of [expired + 2, expired, expired + 1, expired + 10])
        serials.push((await recordCertificate(inventory, { notAfter })).serial);
      const query = { ...everything, expiredBefore: expired + 10 };
      expect(await inventory.archivable(query)).toEqual([serials[1], serials[2], serials[0]]);
      expect(await inventory.archivable({ ...query, limit: 2 })).toEqual([serials[1], serials[2]]);
    });

    it('leaves nothing in the counts of what expires, nor when what expired was never counted', async () => {
      const { inventory } = opened;
      const serials: string[] = [];
      for (const notAfter of [expired, expired + 1])
        serials.push((await recordCertificate(inventory, { notAfter })).serial);
      await inventory.catchUp(expired + 1);
      await inventory.archiveCertificates({ serials, audit });
      const asked = { now: expired - daySeconds, until: expired - (expired % daySeconds) + 2 * daySeconds };
      expect(await inventory.expiring(asked)).toEqual({ days: new Map(), products: new Map() });
    });

    it('is not for open intents and authorities, nor for what a list still owes', async () => {
      const { inventory } = opened;
      await inventory.recordIntent(issuanceIntent({ notAfter: expired }));
      await recordCertificate(inventory, { notAfter: expired, purpose: 'authority' });
      const { serial } = await recordCertificate(inventory, { notAfter: expired });
      await revoke(inventory, serial, 'certificateHold');
      expect(await inventory.archivable(everything)).toEqual([]);
      await publish(inventory, expired + crlLifetimeSeconds);
      expect(await inventory.archivable(everything)).toEqual([]);
      // RFC 5280 §3.3: now it was on a list after its end, and the newest one does without it.
      await publish(inventory, expired + crlLifetimeSeconds + 1);
      expect(await inventory.archivable(everything)).toEqual([serial]);
    });

    it('refuses, whole, what is unknown, an intent, an authority’s or there already', async () => {
      const { inventory } = opened;
      const intent = issuanceIntent();
      await inventory.recordIntent(intent);
      const own = await recordCertificate(inventory, { purpose: 'authority' });
      const [good, gone] = [await recordCertificate(inventory), await recordCertificate(inventory)];
      await inventory.archiveCertificates({ serials: [gone.serial], audit });
      for (const bad of [serialAt(), intent.certificate.serial, own.serial, gone.serial]) {
        const archiving = inventory.archiveCertificates({ serials: [good.serial, bad], audit });
        await expect(archiving).rejects.toMatchObject({ code: 'conflict' });
      }
      expect((await inventory.counts()).archived).toBe(1);
    });

    it('answers for a certificate by its serial as before, and searches do not find it', async () => {
      const { inventory } = opened;
      const first = await recordCertificate(inventory, {
        names: ['a.dev.internal', 'b.dev.internal'],
        productVersion: 3,
      });
      const second = await recordCertificate(inventory, { predecessor: first.serial });
      const closed = issuanceIntent();
      await inventory.recordIntent(closed);
      await inventory.closeIntent({ serial: closed.certificate.serial, at: 5000, audit: auditEntry() });
      const serials = [first.serial, second.serial, closed.certificate.serial];
      const before = await Promise.all(serials.map((serial) => inventory.certificate(serial)));
      expect(before[0]?.successor).toBe(second.serial);
      await inventory.archiveCertificates({ serials, audit });
      const again = await opened.reopen();
      expect(await Promise.all(serials.map((serial) => again.certificate(serial)))).toEqual(before);
      for (const { serial, der } of [first, second])
        expect([...(await again.certificateDer(serial))!]).toEqual([...der]);
      expect((await again.auditEvents(0, 100)).at(-1)?.kind).toBe('certificates.archived');
      expect(await again.certificateDer(closed.certificate.serial)).toBeUndefined();
      const query: CertificateQuery = { sort: 'requestedAt', limit: 10, now: frozenNowSeconds };
      for (const filter of [{}, { name: 'a.dev.internal' }, { name: '*.dev.internal' }, { keySha256: first.keySha256 }])
        expect(await again.searchCertificates({ ...query, ...filter })).toEqual([]);
      expect(await again.counts()).toMatchObject({ certificates: 3, archived: 3, intents: 0, revoked: 1 });
    });

    it('owes the list of its authority what is revoked in it, to the end of each', async () => {
      const { inventory } = opened;
      const [listed, good, others] = [
        await recordCertificate(inventory),
        await recordCertificate(inventory),
        await recordCertificate(inventory, { authority: 'dev-root' }),
      ];
      for (const { serial } of [listed, others]) await revoke(inventory, serial);
      await inventory.archiveCertificates({ serials: [listed, good, others].map(({ serial }) => serial), audit });
      const onList = async (unexpiredAt: number) =>
        (await inventory.revokedEntries('dev-issuing', unexpiredAt)).map(({ serial }) => serial);
      expect(await onList(listed.notAfter)).toEqual([listed.serial]);
      expect(await onList(listed.notAfter + 1)).toEqual([]);
    });

    it('is asked, too, whether an operator’s key was certified before', async () => {
      const { inventory } = opened;
      const mine = { purpose: 'operator', owner: 'admin' } as const;
      await inventory.createOperator(operator(), auditEntry());
      const { serial, keySha256 } = await recordCertificate(inventory, { ...mine, notAfter: expired });
      const closed = issuanceIntent(mine);
      await inventory.recordIntent(closed);
      await inventory.closeIntent({ serial: closed.certificate.serial, at: 5000, audit: auditEntry() });
      await inventory.archiveCertificates({ serials: [serial, closed.certificate.serial], audit });
      const again = (key: string) =>
        inventory.recordIntent({ ...issuanceIntent({ ...mine, keySha256: key }), holder: { kind: 'known' } });
      expect(await again(keySha256)).toEqual({ kind: 'keyBlocked', block: 'operator' });
      expect(await again(closed.certificate.keySha256)).toEqual({ kind: 'recorded' });
    });

    it('lets what is in it be revoked, released and its key blocked', async () => {
      const { inventory } = opened;
      const { serial, keySha256 } = await recordCertificate(inventory, { notAfter: expired });
      await inventory.archiveCertificates({ serials: [serial], audit });
      expect((await revoke(inventory, serial, 'certificateHold')).kind).toBe('done');
      expect((await inventory.releaseCertificate({ serial, audit: auditEntry() })).kind).toBe('done');
      expect((await revoke(inventory, serial, 'keyCompromise')).kind).toBe('done');
      expect((await revoke(inventory, serial)).kind).toBe('alreadyRevoked');
      expect(await inventory.keyBlock(keySha256)).toBe('compromised');
      expect((await inventory.counts()).revoked).toBe(1);
    });

    it('keeps a page’s end in its place', async () => {
      const { inventory } = opened;
      const serials: string[] = [];
      for (let at = 0; at < 6; at++) serials.push((await recordCertificate(inventory, { notAfter: expired })).serial);
      const query: CertificateQuery = { sort: 'notAfter', limit: 3, now: frozenNowSeconds };
      const page = await inventory.searchCertificates(query);
      const { serial, notAfter } = page.at(-1)!;
      await inventory.archiveCertificates({ serials: page.map((record) => record.serial), audit });
      const rest = await inventory.searchCertificates({ ...query, after: { sortValue: notAfter, serial } });
      expect(rest.map((record) => record.serial)).toEqual(serials.slice(3));
    });

    it('forgets nothing, whatever is moved when, while certificates go on being issued', async () => {
      const purposes: CertificatePurpose[] = ['product', 'product', 'server', 'operator', 'ocspResponder', 'authority'];
      const acts = fc.array(
        fc.oneof(
          fc.record({ act: fc.constant('issue' as const), days: fc.nat(40), purpose: fc.constantFrom(...purposes) }),
          fc.record({ act: fc.constant('revoke' as const), which: fc.nat() }),
          fc.record({ act: fc.constant('intend' as const), days: fc.nat(40) }),
          fc.record({ act: fc.constant('publish' as const), day: fc.nat(60) }),
          fc.record({ act: fc.constant('archive' as const), day: fc.nat(60), limit: fc.integer({ min: 1, max: 5 }) }),
        ),
        { maxLength: 25 },
      );
      await fc.assert(
        fc.asyncProperty(acts, async (steps) => {
          const { inventory } = opened;
          const start = await inventory.counts();
          const serials: string[] = [];
          const at = (day: number): number => frozenNowSeconds + day * daySeconds;
          const moved = new Set<string>();
          /** What a list made now, at the time of the newest, would hold. */
          const listedNow = async (): Promise<string[]> => {
            const thisUpdate = (await inventory.latestCrl('dev-issuing'))?.thisUpdate ?? frozenNowSeconds;
            const entries = await inventory.revokedEntries('dev-issuing', thisUpdate - crlLifetimeSeconds);
            return entries.map(({ serial }) => serial);
          };
          for (const step of steps) {
            if (step.act === 'issue') {
              const made = await recordCertificate(inventory, { notAfter: at(step.days), purpose: step.purpose });
              serials.push(made.serial);
            } else if (step.act === 'intend') {
              const intent = issuanceIntent({ notAfter: at(step.days) });
              await inventory.recordIntent(intent);
              serials.push(intent.certificate.serial);
            } else if (step.act === 'revoke') {
              const serial = serials[step.which % serials.length];
              if (serial) await revoke(inventory, serial);
            } else if (step.act === 'publish') {
              const newest = (await inventory.latestCrl('dev-issuing'))?.crlNumber ?? 0;
              if (at(step.day) > newest) await publish(inventory, at(step.day));
            } else {
              const query = { expiredBefore: at(step.day), crlLifetimeSeconds, limit: step.limit };
              const chosen = await inventory.archivable(query);
              const [records, listed] = [
                await Promise.all(chosen.map((serial) => inventory.certificate(serial))),
                await listedNow(),
              ];
              for (const record of records) {
                expect(record!.notAfter).toBeLessThan(at(step.day));
                expect(record!.purpose).not.toBe('authority');
                expect(record!.state).not.toBe('intent');
              }
              await inventory.archiveCertificates({ serials: chosen, audit });
              expect(await Promise.all(chosen.map((serial) => inventory.certificate(serial)))).toEqual(records);
              expect(await listedNow()).toEqual(listed);
              for (const serial of chosen) {
                expect(moved.has(serial)).toBe(false);
                moved.add(serial);
              }
            }
          }
          const end = await inventory.counts();
          expect(end.certificates - start.certificates).toBe(serials.length);
          expect(end.archived - start.archived).toBe(moved.size);
          for (const serial of serials) expect((await inventory.certificate(serial))?.serial).toBe(serial);
        }),
        { numRuns: tries(30) },
      );
    }, 60_000);
  });
}
