/** Contract: generations of authorities, their certificates, and the lists that each has of its own. */
import { describe, expect, it } from 'vitest';
import type { AuthorityRotation, RotationState } from '../../../src/domain/records/authority-rotation.ts';
import type { AuthorityGeneration } from '../../../src/domain/records/generation.ts';
import {
  auditEntry,
  authority,
  frozenNow,
  frozenNowSeconds,
  generation,
  issuanceIntent,
  randomHex,
  recordCertificate,
  serialAt,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const audit = auditEntry({ kind: 'authority.created' });

const rotation = ({ authority: name, number }: AuthorityGeneration): AuthorityRotation => ({
  authority: name,
  generation: number,
  predecessor: 1,
  state: 'preparing',
  campaign: null,
  startedAt: frozenNow,
  startedBy: 'operator:admin',
  changedAt: frozenNow,
});

export function generationsContract(makeStore: () => Promise<InventoryStore>): void {
  describe('generations of authorities', () => {
    const opened = openedInventory(makeStore);

    /** A rotation to this generation, by an operator. */
    const started = (next: AuthorityGeneration, keySha256: string): Promise<void> =>
      opened.inventory.startRotation({ rotation: rotation(next), generation: next, keySha256, audit });

    const changed = (from: RotationState, to: RotationState, more: { campaign?: string } = {}): Promise<boolean> =>
      opened.inventory.changeRotation({
        authority: 'dev-issuing',
        generation: 2,
        from,
        to,
        at: frozenNow,
        audit,
        ...more,
      });

    /** An authority in force, signed by itself as roots are, and its second generation with a certificate. */
    async function twoGenerations() {
      const { inventory } = opened;
      await inventory.createAuthority(authority(), randomHex(32), audit);
      const first = await recordCertificate(inventory, { purpose: 'authority' });
      await inventory.activateAuthority('dev-issuing', first.serial, audit);
      await started(generation(), randomHex(32));
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
      await changed('preparing', 'abandoned');
      // A name of a key is taken in its vault alone.
      await started(generation({ number: 3, vault: 'hsm', vaultKey: 'dev-issuing' }), keySha256);
      expect(await inventory.keyBlock(keySha256)).toBe('authority');
      // That of the second generation is over.
      expect(await changed('preparing', 'prepared')).toBe(false);
    });

    it('refuses a number or a key that is known, and a generation of nobody', async () => {
      const { inventory } = await twoGenerations();
      const refused = async (overrides: Parameters<typeof generation>[0], code: string) =>
        expect(started(generation(overrides), randomHex(32))).rejects.toMatchObject({ code });
      expect(await inventory.rotations()).toHaveLength(1);
      await refused({ number: 3, vaultKey: 'third' }, 'conflict');
      await changed('preparing', 'abandoned');
      await refused({ vault: 'hsm', vaultKey: 'another' }, 'conflict');
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
      const unsigned = issuanceIntent({ purpose: 'authority' });
      await inventory.recordIntent(unsigned);
      const never = { ...cross, serial: unsigned.certificate.serial };
      await expect(inventory.certifyGeneration(never, audit)).rejects.toMatchObject(notFound);
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

    it('finds what one key signed by each certificate that was had for it, and nothing of another key', async () => {
      const { inventory, first, second } = await twoGenerations();
      const renewed = await recordCertificate(inventory, { purpose: 'authority' });
      await inventory.activateAuthority('dev-issuing', renewed.serial, audit);
      const signedBy = async (issuerSerial: string) => (await recordCertificate(inventory, { issuerSerial })).serial;
      const earlier = await signedBy(first);
      const other = await signedBy(second);
      const later = await signedBy(renewed.serial);
      const found = async (issuerSerial: string): Promise<readonly string[]> => {
        const query = { issuerSerial, sort: 'requestedAt', now: frozenNowSeconds } as const;
        const serials: string[] = [];
        for (let after: { sortValue: number; serial: string } | undefined; ; ) {
          const [row] = await inventory.searchCertificates({ ...query, limit: 1, ...(after && { after }) });
          if (!row) break;
          serials.push(row.serial);
          after = { sortValue: row.requestedAt, serial: row.serial };
        }
        const { matches } = await inventory.countMatches({ issuerSerial }, frozenNowSeconds);
        expect(matches).toBe(serials.length);
        return serials.sort();
      };
      expect(await found(first)).toEqual([earlier, later].sort());
      expect(await found(renewed.serial)).toEqual([earlier, later].sort());
      expect(await found(second)).toEqual([other]);
    });

    it('takes nothing of a product any more that one signed which was given up meanwhile, but its own responder', async () => {
      const { inventory, first, second } = await twoGenerations();
      const redeem = (overrides: Parameters<typeof recordCertificate>[1]) => recordCertificate(inventory, overrides);
      await inventory.markGeneration({ authority: 'dev-issuing', number: 1, isCompromised: true, audit });
      for (const purpose of ['product', 'operator'] as const) {
        await expect(redeem({ issuerSerial: first, purpose })).rejects.toMatchObject({ code: 'signerUnavailable' });
      }
      await redeem({ issuerSerial: first, purpose: 'ocspResponder' });
      await redeem({ issuerSerial: second });
      for (const to of ['prepared', 'trusted', 'issuing', 'retiring', 'retired'] as const) {
        const [{ state }] = (await inventory.rotations()) as [AuthorityRotation];
        await changed(state, to);
      }
      await redeem({ issuerSerial: second });
    });

    it('takes nothing of a product any more that one signed which was retired meanwhile', async () => {
      const { inventory, first, second } = await twoGenerations();
      const states: readonly RotationState[] = ['preparing', 'prepared', 'trusted', 'issuing', 'retiring', 'retired'];
      for (const [index, to] of states.slice(1).entries()) await changed(states[index]!, to);
      for (const purpose of ['product', 'operator'] as const) {
        const redeemed = recordCertificate(inventory, { issuerSerial: first, purpose });
        await expect(redeemed).rejects.toMatchObject({ code: 'signerUnavailable' });
      }
      await recordCertificate(inventory, { issuerSerial: second });
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

    it('puts both generations, and the authority, into what they are in the rotation’s state', async () => {
      const { inventory, first, second } = await twoGenerations();
      const states: readonly RotationState[] = ['preparing', 'prepared', 'trusted', 'issuing', 'retiring', 'retired'];
      const seen: string[] = [];
      for (const [index, to] of states.slice(1).entries()) {
        expect(await changed(states[index]!, to)).toBe(true);
        const phases = (await inventory.generations()).map(({ phase }) => phase);
        const [authority] = await inventory.authorities();
        const inForce = authority?.certificateSerial === second ? 2 : 1;
        expect(authority?.generation).toBe(inForce);
        seen.push(`${to} ${phases.join(' ')} ${inForce}`);
      }
      expect(seen).toEqual([
        'prepared inForce coming 1',
        'trusted inForce coming 1',
        'issuing outgoing inForce 2',
        'retiring outgoing inForce 2',
        'retired retired inForce 2',
      ]);
      expect(first).not.toBe(second);
    });

    it('changes a rotation only from the state that was expected, and keeps what its event says with it', async () => {
      const { inventory } = await twoGenerations();
      const newest = (await inventory.auditEnds())?.newest.seq;
      expect(await changed('prepared', 'trusted')).toBe(false);
      expect((await inventory.auditEnds())?.newest.seq).toBe(newest);
      expect(await inventory.rotations()).toEqual([rotation(generation())]);
    });

    it('leaves an event for each act', async () => {
      const { inventory, second } = await twoGenerations();
      const { auditEvents } = await inventory.counts();
      const acts = [
        () => inventory.createAuthority(authority({ name: 'dev-root' }), randomHex(32), audit),
        () => inventory.activateAuthority('dev-root', second, audit),
        () => inventory.certifyGeneration({ authority: 'dev-root', generation: 1, kind: 'own', serial: second }, audit),
        () => started(generation({ authority: 'dev-root', vaultKey: 'dev-root.second' }), randomHex(32)),
        () => changed('preparing', 'abandoned'),
        () => inventory.markGeneration({ authority: 'dev-issuing', number: 2, isCompromised: true, audit }),
      ];
      for (const [index, act] of acts.entries()) {
        await act();
        expect((await inventory.counts()).auditEvents).toBe(auditEvents + index + 1);
      }
    });

    it('keeps what a generation has become, whatever is said of it later', async () => {
      const { inventory, second } = await twoGenerations();
      const which = { authority: 'dev-issuing', number: 2, audit };
      const responder = { vault: 'hsm', vaultKey: 'dev-issuing.ocsp.1', certificateSerial: second };
      await inventory.markGeneration({ ...which, isCompromised: true, responder });
      await inventory.markGeneration({ ...which, keyDestroyedAt: frozenNow });
      await inventory.markGeneration({ ...which, keyDestroyedAt: frozenNow + 1 });
      const [, marked] = await inventory.generations();
      expect(marked).toMatchObject({ isCompromised: true, responder, keyDestroyedAt: frozenNow });
      await expect(inventory.markGeneration({ ...which, number: 9 })).rejects.toMatchObject({ code: 'notFound' });
    });

    it('archives what a generation revoked once its key is gone, for it makes no other list', async () => {
      const { inventory, first, second } = await twoGenerations();
      const { serial } = await recordCertificate(inventory, { issuerSerial: second });
      const owed = await recordCertificate(inventory, { issuerSerial: first });
      const revocation = { at: frozenNowSeconds, reason: 'superseded' } as const;
      for (const each of [serial, owed.serial])
        await inventory.revokeCertificate({
          serial: each,
          revocation,
          audit: auditEntry({ kind: 'certificate.revoked' }),
        });
      const later = ((await inventory.certificate(serial))?.notAfter ?? 0) + 1000;
      const asked = { expiredBefore: later, crlLifetimeSeconds: 10, limit: 10 };
      expect(await inventory.archivable(asked)).toEqual([]);
      await inventory.markGeneration({ authority: 'dev-issuing', number: 2, keyDestroyedAt: frozenNow, audit });
      expect(await inventory.archivable(asked)).toEqual([serial]);
    });
  });
}
