/** Contract of the inventory: profiles and their versions. */
import { describe, expect, it } from 'vitest';
import { auditEntry, environment, storedProfile } from '../../support/inventory-builders.ts';
import type { InventoryStore } from '../inventory.ts';
import { openedInventory } from './opened.ts';

const created = auditEntry({ kind: 'profile.created' });
const changed = auditEntry({ kind: 'profile.changed' });
const conflict = { code: 'conflict' };

export function profileContract(makeStore: () => Promise<InventoryStore>): void {
  describe('profiles', () => {
    const opened = openedInventory(makeStore);
    const first = storedProfile();
    const second = storedProfile({ version: 2, backdateSeconds: 0 });

    it('are created once in an environment', async () => {
      const { inventory } = opened;
      await inventory.createEnvironment(environment(), [], auditEntry());
      await inventory.createProfile(first, created);
      for (const again of [first, second])
        await expect(inventory.createProfile(again, created)).rejects.toMatchObject(conflict);
      expect(await inventory.profiles('dev')).toEqual([first]);
      expect((await inventory.auditEvents(0, 10)).map(({ kind }) => kind)).toEqual([
        'certificate.requested',
        'profile.created',
      ]);
    });

    it('keep every version', async () => {
      const { inventory } = opened;
      await inventory.createEnvironment(environment(), [first], auditEntry());
      await inventory.changeProfile(second, changed);
      expect(await inventory.profiles('dev')).toEqual([second]);
      expect(await inventory.profileVersion('dev', 'server')).toEqual(second);
      expect(await inventory.profileVersion('dev', 'server', 1)).toEqual(first);
      expect(await inventory.profileVersion('dev', 'server', 3)).toBeUndefined();
      expect(await inventory.profileVersion('dev', 'none')).toBeUndefined();
    });

    it('are changed once, however many begin with the same version', async () => {
      const { inventory } = opened;
      await inventory.createEnvironment(environment(), [first], auditEntry());
      const tries = Array.from({ length: 20 }, () => inventory.changeProfile(second, changed));
      const outcomes = await Promise.allSettled(tries);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(conflict);
      expect(await inventory.auditEvents(0, 100)).toHaveLength(2);
    });

    it('have versions of their own in each environment', async () => {
      const { inventory } = opened;
      const elsewhere = storedProfile({ environment: 'test' });
      await inventory.createEnvironment(environment(), [first], auditEntry());
      await inventory.createEnvironment(environment({ name: 'test' }), [elsewhere], auditEntry());
      const third = storedProfile({ version: 3 });
      for (const next of [second, third]) await inventory.changeProfile(next, changed);
      expect(await inventory.profileVersion('dev', 'server')).toEqual(third);
      expect(await inventory.profileVersion('test', 'server')).toEqual(elsewhere);
      expect(await inventory.profiles('test')).toEqual([elsewhere]);
      await inventory.changeProfile({ ...elsewhere, version: 2 }, changed);
      const client = storedProfile({ name: 'client' });
      await inventory.createProfile(client, created);
      expect(await inventory.profileVersion('test', 'server', 1)).toEqual(elsewhere);
      expect(await inventory.profileVersion('dev', 'server', 1)).toEqual(first);
      expect(await inventory.profileVersion('dev', 'client', 1)).toEqual(client);
    });

    it('cannot skip a version, nor change what is not there', async () => {
      const { inventory } = opened;
      await inventory.createEnvironment(environment(), [first], auditEntry());
      await expect(inventory.changeProfile(storedProfile({ version: 3 }), changed)).rejects.toMatchObject(conflict);
      const none = storedProfile({ name: 'none', version: 2 });
      await expect(inventory.changeProfile(none, changed)).rejects.toMatchObject({ code: 'notFound' });
    });
  });
}
