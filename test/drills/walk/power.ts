/** Power that goes after some calls of inventory and vault, before the call that is next or behind it, and stays away until the restart. */
import { CaError } from '../../../src/domain/errors.ts';
import type { Inventory } from '../../../src/ports/inventory.ts';
import type { Vault } from '../../../src/ports/vault.ts';
import { changedVault } from '../../support/changed-vault.ts';
import type { Chance } from './chance.ts';

export interface Power {
  cutAfter(calls: number): void;
  /** Whether it went since it was last there. */
  isOut(): boolean;
  return(): void;
  readonly wrapInventory: (inventory: Inventory) => Inventory;
  readonly wrapVault: (vault: Vault) => Vault;
}

const gone = (): CaError => new CaError('inventoryUnavailable', 'the power went');

/** They reach no disk, or end the service. */
const needNone: ReadonlySet<PropertyKey> = new Set(['load', 'close', 'catchUp']);

export function powerOf(chance: Chance): Power {
  let callsLeft = Number.POSITIVE_INFINITY;
  let isOut = false;

  async function through<T>(call: () => Promise<T>): Promise<T> {
    if (isOut) throw gone();
    callsLeft -= 1;
    if (callsLeft > 0) return call();
    isOut = true;
    if (chance.happens(0.5)) throw gone();
    await call();
    throw gone();
  }

  return {
    cutAfter: (calls) => {
      callsLeft = calls;
    },
    isOut: () => isOut,
    return() {
      callsLeft = Number.POSITIVE_INFINITY;
      isOut = false;
    },
    wrapInventory: (inventory) =>
      new Proxy(inventory, {
        get(target, name) {
          const method = target[name as keyof Inventory] as (...args: unknown[]) => Promise<unknown>;
          return needNone.has(name) ? method : (...args: unknown[]) => through(() => method.apply(target, args));
        },
      }),
    wrapVault: (vault) =>
      changedVault(vault, {
        createKey: (name, type) => through(() => vault.createKey(name, type)),
        destroyKey: (name) => through(() => vault.destroyKey(name)),
        async signer(name, algorithm) {
          const signer = await vault.signer(name, algorithm);
          return { ...signer, sign: (tbs) => through(() => signer.sign(tbs)) };
        },
      }),
  };
}
