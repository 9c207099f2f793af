/** Contract of the inventory: authorities of ours that are signed elsewhere, and what signs them. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ExternalAuthority } from '../../../src/domain/records/external-authority.ts';
import type { AuthorityImport } from '../../../src/ports/external-store.ts';
import {
  auditEntry,
  authority,
  certificateDetails,
  environment,
  frozenNow,
  generation,
  randomHex,
  recordCertificate,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const audit = auditEntry({ kind: 'authority.imported' });
const conflict = { code: 'conflict' };
const issuing = authority({ name: 'corp-issuing', environment: 'corp', parent: 'external' });

const external = (override: Partial<ExternalAuthority> = {}): ExternalAuthority => {
  const certificateDer = new Uint8Array(Buffer.from(randomHex(300), 'hex'));
  const sha256 = createHash('sha256').update(certificateDer).digest('hex');
  const name = override.name ?? 'corp-external-root';
  return { name, environment: 'corp', parent: name, sha256, certificateDer, importedAt: frozenNow, ...override };
};

const imported = (override: Partial<AuthorityImport> = {}): AuthorityImport => ({
  certificate: certificateDetails({
    purpose: 'authority',
    owner: 'corp-issuing',
    environment: 'corp',
    authority: 'corp-external-root',
    serial: '10'.padStart(40, '0'),
    productVersion: null,
  }),
  tbsSha256: randomHex(32),
  certificateDer: new Uint8Array(Buffer.from(randomHex(300), 'hex')),
  external: [],
  audit,
  ...override,
});

export function externalContract(makeStore: () => Promise<InventoryStore>): void {
  describe('authorities that are signed elsewhere', () => {
    const opened = openedInventory(makeStore);

    const prepare = async () => {
      const { inventory } = opened;
      await inventory.createEnvironment(environment({ name: 'corp', hierarchy: 'external' }), [], audit);
      await inventory.createAuthority(issuing, randomHex(32), audit);
      return inventory;
    };

    it('belong to an environment that says so', async () => {
      const inventory = await prepare();
      expect(await inventory.environments()).toEqual([environment({ name: 'corp', hierarchy: 'external' })]);
    });

    it('keep their CSR, which is recorded once', async () => {
      const inventory = await prepare();
      const request = {
        authority: 'corp-issuing',
        generation: 1,
        csrDer: new Uint8Array([0x30, 1, 2]),
        createdAt: frozenNow,
      };
      expect(await inventory.authorityRequest('corp-issuing', 1)).toBeUndefined();
      await inventory.recordAuthorityRequest(request, audit);
      await expect(inventory.recordAuthorityRequest(request, audit)).rejects.toMatchObject(conflict);
      const nobody = inventory.recordAuthorityRequest({ ...request, authority: 'nobody' }, audit);
      await expect(nobody).rejects.toMatchObject({ code: 'notFound' });
      const kept = await (await opened.reopen()).authorityRequest('corp-issuing', 1);
      expect({ ...kept, csrDer: new Uint8Array(kept!.csrDer) }).toEqual(request);
    });

    it('have a CSR for each generation that there is', async () => {
      const inventory = await prepare();
      await inventory.createAuthority(authority({ name: 'other-issuing' }), randomHex(32), audit);
      const request = { generation: 1, csrDer: new Uint8Array([0x30, 1, 2]), createdAt: frozenNow };
      const { auditEvents } = await inventory.counts();
      for (const name of ['corp-issuing', 'other-issuing'])
        await inventory.recordAuthorityRequest({ ...request, authority: name }, audit);
      expect((await inventory.counts()).auditEvents).toBe(auditEvents + 2);
      const next = (number: number) =>
        inventory.recordAuthorityRequest({ ...request, authority: 'corp-issuing', generation: number }, audit);
      await expect(next(2)).rejects.toMatchObject({ code: 'notFound' });
      const second = generation({ authority: 'corp-issuing', vaultKey: 'corp-issuing.second' });
      const rotation = { authority: 'corp-issuing', generation: 2, predecessor: 1, state: 'preparing' } as const;
      const started = { campaign: null, startedAt: frozenNow, startedBy: 'operator:admin', changedAt: frozenNow };
      const starting = { rotation: { ...rotation, ...started }, generation: second, keySha256: randomHex(32), audit };
      await inventory.startRotation(starting);
      await next(2);
      expect(await inventory.authorityRequest('corp-issuing', 2)).toMatchObject({ generation: 2 });
    });

    it('get their certificate and what signed it in one act, and can then be put in force', async () => {
      const inventory = await prepare();
      const root = external();
      const middle = external({ name: 'corp-external-intermediate', parent: root.name });
      const act = imported({ external: [root, middle] });
      await inventory.recordImport(act);
      await inventory.activateAuthority('corp-issuing', act.certificate.serial, audit);
      const plain = (await inventory.externalAuthorities()).map((one) => ({
        ...one,
        certificateDer: new Uint8Array(one.certificateDer),
      }));
      expect(plain).toEqual([middle, root]);
      expect(await inventory.certificate(act.certificate.serial)).toMatchObject({
        state: 'issued',
        owner: 'corp-issuing',
      });
      expect(new Uint8Array((await inventory.certificateDer(act.certificate.serial))!)).toEqual(act.certificateDer);
      expect(await inventory.authorities()).toMatchObject([
        { name: 'corp-issuing', parent: 'corp-external-root', certificateSerial: act.certificate.serial },
      ]);
    });

    it('may be signed by several, each under its own name', async () => {
      const inventory = await prepare();
      await inventory.recordImport(imported({ external: [external()] }));
      const certificate = { ...imported().certificate, serial: '20'.padStart(40, '0'), keySha256: randomHex(32) };
      const second = { ...certificate, authority: 'corp-external-root-2' };
      const external2 = external({ name: 'corp-external-root-2' });
      await inventory.recordImport(imported({ certificate: second, external: [external2] }));
      await inventory.activateAuthority('corp-issuing', second.serial, audit);
      expect(await inventory.authorities()).toMatchObject([{ parent: 'corp-external-root-2' }]);
    });

    it('take the same certificate again, and change nothing', async () => {
      const inventory = await prepare();
      await recordCertificate(inventory);
      const act = imported({ external: [external()] });
      await inventory.recordImport(act);
      const before = (await inventory.counts()).auditEvents;
      await inventory.recordImport({ ...act, external: [] });
      expect((await inventory.counts()).auditEvents).toBe(before);
    });

    it('refuse another certificate of the same serial, and leave no trace of it', async () => {
      const inventory = await prepare();
      await inventory.recordImport(imported({ external: [external()] }));
      const second = imported({ external: [external({ name: 'corp-external-root-2' })] });
      await expect(inventory.recordImport(second)).rejects.toMatchObject(conflict);
      expect(await inventory.externalAuthorities()).toHaveLength(1);
    });

    it('refuse an external authority under a name that is taken, and an authority that is none', async () => {
      const inventory = await prepare();
      const taken = imported({ external: [external({ name: 'corp-issuing' })] });
      await expect(inventory.recordImport(taken)).rejects.toMatchObject(conflict);
      const nobody = imported({ certificate: { ...imported().certificate, owner: 'nobody' } });
      await expect(inventory.recordImport(nobody)).rejects.toMatchObject({ code: 'notFound' });
    });
  });
}
