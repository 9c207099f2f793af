/** An inventory of which one write fails, as when the power goes, once it is armed. */
import { CaError } from '../../src/domain/errors.ts';
import type { Inventory } from '../../src/ports/inventory.ts';

export interface FailingOnce {
  around(inventory: Inventory): Inventory;
  arm(): void;
}

/** The call of `act` that fails, counted from 1 from when it is armed. */
export function failingOnce(act: keyof Inventory, at: number): FailingOnce {
  const state = { isArmed: false, calls: 0 };
  return {
    arm: () => {
      state.isArmed = true;
    },
    around: (inventory) =>
      new Proxy(inventory, {
        get: (target, name) => {
          const method = target[name as keyof Inventory] as (...args: unknown[]) => unknown;
          if (name !== act) return method;
          return (...args: unknown[]) => {
            state.calls += state.isArmed ? 1 : 0;
            if (state.isArmed && state.calls === at) throw new CaError('inventoryUnavailable', 'the power went');
            return method.apply(target, args);
          };
        },
      }),
  };
}
