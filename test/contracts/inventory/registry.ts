/** Contract of the inventory: environments with their profiles, authorities and operators. */
import { describe, expect, it } from 'vitest';
import {
  auditEntry,
  authority,
  environment,
  operator,
  randomHex,
  recordCertificate,
  serialAt,
  storedProfile,
} from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const audit = auditEntry({ kind: 'environment.created' });
const conflict = { code: 'conflict' };

export function registryContract(makeStore: () => Promise<InventoryStore>): void {
  describe('the registry', () => {
    const opened = openedInventory(makeStore);

    it('creates an environment with its profiles, once', async () => {
      const { inventory } = opened;
      const profiles = [storedProfile({ name: 'server' }), storedProfile({ name: 'client' })];
      await inventory.createEnvironment(environment(), profiles, audit);
      await inventory.createEnvironment(environment({ name: 'prod', hierarchy: 'root' }), [], audit);
      await expect(inventory.createEnvironment(environment(), [], audit)).rejects.toMatchObject(conflict);
      expect(await inventory.environments()).toEqual([environment(), environment({ name: 'prod', hierarchy: 'root' })]);
      expect(await inventory.profiles('dev')).toEqual([profiles[1], profiles[0]]);
      expect(await inventory.profiles('prod')).toEqual([]);
    });

    it('reads the newest version of each profile', async () => {
      const { inventory } = opened;
      const versions = [1, 2, 3].map((version) => storedProfile({ version }));
      await inventory.createEnvironment(environment(), [...versions, storedProfile({ name: 'client' })], audit);
      expect((await inventory.profiles('dev')).map(({ name, version }) => [name, version])).toEqual([
        ['client', 1],
        ['server', 3],
      ]);
    });

    it('creates an authority without certificate, blocks its key, and puts a certificate in force', async () => {
      const { inventory } = opened;
      const keySha256 = randomHex(32);
      const root = authority({ name: 'dev-root', role: 'root' });
      await inventory.createAuthority(root, keySha256, audit);
      expect(await inventory.authorities()).toEqual([root]);
      expect(await inventory.keyBlock(keySha256)).toBe('authority');
      const { serial } = await recordCertificate(inventory, { purpose: 'authority' });
      await inventory.activateAuthority('dev-root', serial, audit);
      expect(await inventory.authorities()).toEqual([{ ...root, certificateSerial: serial }]);
    });

    it('refuses a second authority of a name or with a key', async () => {
      const { inventory } = opened;
      await inventory.createAuthority(authority(), randomHex(32), audit);
      const sameName = authority({ vaultKey: 'another' });
      const sameKey = authority({ name: 'another', vaultKey: authority().vaultKey });
      for (const second of [sameName, sameKey]) {
        await expect(inventory.createAuthority(second, randomHex(32), audit)).rejects.toMatchObject(conflict);
      }
    });

    it('refuses a second authority on one key, whatever vault and name it has there', async () => {
      const { inventory } = opened;
      const keySha256 = randomHex(32);
      await inventory.createAuthority(authority(), keySha256, audit);
      const second = authority({ name: 'another', vault: 'hsm', vaultKey: 'another' });
      await expect(inventory.createAuthority(second, keySha256, audit)).rejects.toMatchObject(conflict);
      expect((await inventory.authorities()).map(({ name }) => name)).toEqual([authority().name]);
    });

    it('refuses an authority on the key of an operator', async () => {
      const { inventory } = opened;
      const keySha256 = randomHex(32);
      await recordCertificate(inventory, { purpose: 'operator', keySha256 });
      await expect(inventory.createAuthority(authority(), keySha256, audit)).rejects.toMatchObject(conflict);
    });

    it('puts in force only what is recorded, for an authority that is', async () => {
      const { inventory } = opened;
      await inventory.createAuthority(authority(), randomHex(32), audit);
      const { serial } = await recordCertificate(inventory, { purpose: 'authority' });
      const notFound = { code: 'notFound' };
      await expect(inventory.activateAuthority('dev-issuing', serialAt(), audit)).rejects.toMatchObject(notFound);
      await expect(inventory.activateAuthority('none', serial, audit)).rejects.toMatchObject(notFound);
    });

    it('creates operators and reads them back', async () => {
      const { inventory } = opened;
      await inventory.createOperator(operator(), audit);
      await inventory.createOperator(operator({ name: 'ada', role: 'auditor' }), audit);
      await expect(inventory.createOperator(operator(), audit)).rejects.toMatchObject(conflict);
      expect(await inventory.operator('ada')).toEqual(operator({ name: 'ada', role: 'auditor' }));
      expect(await inventory.operator('none')).toBeUndefined();
      expect((await inventory.operators()).map(({ name }) => name)).toEqual(['ada', 'admin']);
    });

    it('audits what was done, and not what was refused', async () => {
      const { inventory } = opened;
      await Promise.allSettled([
        inventory.createOperator(operator(), audit),
        inventory.createOperator(operator(), audit),
      ]);
      expect(await inventory.auditEvents(0, 10)).toHaveLength(1);
    });
  });
}
