/** Contract: generations of authorities, their certificates, and the lists that each has of its own. */
import { describe, expect, it } from 'vitest';
import {
  auditEntry,
  authority,
  frozenNowSeconds,
  generation,
  randomHex,
  recordCertificate,
  serialAt,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const audit = auditEntry({ kind: 'authority.created' });

export function generationsContract(makeStore: () => Promise<InventoryStore>): void {
  describe('generations of authorities', () => {
    const opened = openedInventory(makeStore);

    /** An authority in force, signed by itself as roots are, and its second generation with a certificate. */
    async function twoGenerations() {
      const { inventory } = opened;
      await inventory.createAuthority(authority(), randomHex(32), audit);
      const first = await recordCertificate(inventory, { purpose: 'authority' });
      await inventory.activateAuthority('dev-issuing', first.serial, audit);
      await inventory.createGeneration(generation(), randomHex(32), audit);
      const second = await recordCertificate(inventory, { purpose: 'authority' });
      const own = { authority: 'dev-issuing', generation: 2, kind: 'own', serial: second.serial } as const;
      await inventory.certifyGeneration(own, audit);
      return { inventory, first: first.serial, second: second.serial };
    }

    it('makes the first with its authority, and puts the authority’s certificate in force for it', async () => {
      const { inventory } = opened;
      await inventory.createAuthority(authority(), randomHex(32), audit);
      const first = generation({ number: 1, phase: 'inForce', vaultKey: 'dev-issuing' });
      expect(await inventory.generations()).toEqual([first]);
      const { serial } = await recordCertificate(inventory, { purpose: 'authority' });
      await inventory.activateAuthority('dev-issuing', serial, audit);
      expect(await inventory.generations()).toEqual([{ ...first, certificateSerial: serial }]);
      const own = { authority: 'dev-issuing', generation: 1, kind: 'own', serial };
      expect(await inventory.authorityCertificates()).toEqual([own]);
    });

    it('adds another beside it, whose key nobody else gets a certificate for', async () => {
      const { inventory, first, second } = await twoGenerations();
      expect(await inventory.generations()).toEqual([
        generation({ number: 1, phase: 'inForce', vaultKey: 'dev-issuing', certificateSerial: first }),
        generation({ certificateSerial: second }),
      ]);
      expect(await inventory.authorities()).toEqual([authority({ certificateSerial: first })]);
      const keySha256 = randomHex(32);
      await inventory.createGeneration(generation({ number: 3, vaultKey: 'third' }), keySha256, audit);
      expect(await inventory.keyBlock(keySha256)).toBe('authority');
    });

    it('refuses a number or a key that is known, and a generation of nobody', async () => {
      const { inventory } = await twoGenerations();
      const refused = async (overrides: Parameters<typeof generation>[0], code: string) =>
        expect(inventory.createGeneration(generation(overrides), randomHex(32), audit)).rejects.toMatchObject({ code });
      await refused({ vaultKey: 'another' }, 'conflict');
      await refused({ number: 3 }, 'conflict');
      await refused({ number: 3, vaultKey: 'dev-issuing' }, 'conflict');
      await refused({ authority: 'none', vaultKey: 'another' }, 'notFound');
    });

    it('keeps crosses beside the generation’s own certificate, and only what was recorded', async () => {
      const { inventory, first, second } = await twoGenerations();
      const { serial } = await recordCertificate(inventory, { purpose: 'authority' });
      const cross = { authority: 'dev-issuing', generation: 2, kind: 'newWithOld', serial } as const;
      await inventory.certifyGeneration(cross, audit);
      expect((await inventory.generations()).map(({ certificateSerial }) => certificateSerial)).toEqual([
        first,
        second,
      ]);
      expect(await inventory.authorityCertificates()).toContainEqual(cross);
      const notFound = { code: 'notFound' };
      await expect(inventory.certifyGeneration({ ...cross, serial: serialAt() }, audit)).rejects.toMatchObject(
        notFound,
      );
      await expect(inventory.certifyGeneration({ ...cross, generation: 3 }, audit)).rejects.toMatchObject(notFound);
    });

    it('lists what each signed apart, and what none is known to have signed on every list', async () => {
      const { inventory, first, second } = await twoGenerations();
      const revoked = async (issuerSerial: string): Promise<string> => {
        const { serial } = await recordCertificate(inventory, { issuerSerial });
        const revocation = { at: frozenNowSeconds, reason: 'superseded' } as const;
        await inventory.revokeCertificate({ serial, revocation, audit: auditEntry({ kind: 'certificate.revoked' }) });
        return serial;
      };
      const [byFirst, bySecond, byNobody] = [await revoked(first), await revoked(second), await revoked(serialAt())];
      const listed = async (id: string) => (await inventory.revokedEntries(id, 0)).map(({ serial }) => serial);
      expect(await listed('dev-issuing')).toEqual([byFirst, byNobody].sort());
      expect(await listed('dev-issuing.2')).toEqual([bySecond, byNobody].sort());
    });

    it('numbers the lists of each on their own', async () => {
      const { inventory } = await twoGenerations();
      const list = { crlNumber: 7, thisUpdate: 1, nextUpdate: 2, der: new Uint8Array([1]) };
      const published = auditEntry({ kind: 'crl.published' });
      await inventory.recordCrl({ ...list, authority: 'dev-issuing' }, published);
      await inventory.recordCrl({ ...list, authority: 'dev-issuing.2' }, published);
      expect((await inventory.latestCrl('dev-issuing.2'))?.crlNumber).toBe(7);
      await expect(inventory.recordCrl({ ...list, authority: 'dev-issuing.2' }, published)).rejects.toMatchObject({
        code: 'conflict',
      });
    });

    it('archives a revoked certificate by the list of the generation that signed it', async () => {
      const { inventory, first, second } = await twoGenerations();
      const serials: string[] = [];
      for (const issuerSerial of [first, second]) {
        const { serial } = await recordCertificate(inventory, { issuerSerial });
        const revocation = { at: frozenNowSeconds, reason: 'superseded' } as const;
        await inventory.revokeCertificate({ serial, revocation, audit: auditEntry({ kind: 'certificate.revoked' }) });
        serials.push(serial);
      }
      const later = ((await inventory.certificate(serials[0]!))?.notAfter ?? 0) + 1000;
      const list = { authority: 'dev-issuing.2', crlNumber: 1, thisUpdate: later, nextUpdate: later + 10 };
      await inventory.recordCrl({ ...list, der: new Uint8Array([1]) }, auditEntry({ kind: 'crl.published' }));
      const asked = { expiredBefore: later, crlLifetimeSeconds: 10, limit: 10 };
      expect(await inventory.archivable(asked)).toEqual([serials[1]]);
    });
  });
}
