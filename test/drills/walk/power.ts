/** Power that goes after some calls of inventory and vault, before the next call or behind it, until the restart; and a vault that is sealed. */
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
  /** No key is made, opened, used or destroyed until it is unsealed. */
  seal(): void;
  unseal(): void;
  readonly wrapInventory: (inventory: Inventory) => Inventory;
  readonly wrapVault: (vault: Vault) => Vault;
}

const sealed = (): CaError => new CaError('signerUnavailable', 'the vault is sealed', { retryAfterSeconds: 2 });
const gone = (): CaError => new CaError('inventoryUnavailable', 'the power went');

/** They reach no disk, or end the service. */
const needNone: ReadonlySet<PropertyKey> = new Set(['load', 'close', 'catchUp']);

export function powerOf(chance: Chance): Power {
  let callsLeft = Number.POSITIVE_INFINITY;
  let isOut = false;
  let isSealed = false;

  async function through<T>(call: () => Promise<T>): Promise<T> {
    if (isOut) throw gone();
    callsLeft -= 1;
    if (callsLeft > 0) return call();
    isOut = true;
    if (chance.happens(0.5)) throw gone();
    await call();
    throw gone();
  }

  const inVault = <T>(call: () => Promise<T>): Promise<T> => (isSealed ? Promise.reject(sealed()) : through(call));

  return {
    cutAfter: (calls) => {
      callsLeft = calls;
    },
    isOut: () => isOut,
    return() {
      callsLeft = Number.POSITIVE_INFINITY;
      isOut = false;
    },
    seal() {
      isSealed = true;
    },
    unseal() {
      isSealed = false;
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
        createKey: (name, type) => inVault(() => vault.createKey(name, type)),
        destroyKey: (name) => inVault(() => vault.destroyKey(name)),
        key: (name) => inVault(() => vault.key(name)),
        listKeys: () => inVault(() => vault.listKeys()),
        problem: () => (isSealed ? 'it is sealed' : undefined),
        async signer(name, algorithm) {
          const signer = await inVault(() => vault.signer(name, algorithm));
          const refusal = () => (isSealed ? sealed() : undefined);
          return { ...signer, refusal, sign: (tbs) => inVault(() => signer.sign(tbs)) };
        },
      }),
  };
}
