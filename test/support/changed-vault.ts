/** A real vault in which one thing is different: for tests of what services do when it fails, waits or lies. */
import { CaError } from '../../src/domain/errors.ts';
import type { Vault } from '../../src/ports/vault.ts';

/** Everything of `vault` but `changes`. */
export const changedVault = (vault: Vault, changes: Partial<Vault>): Vault => ({
  name: vault.name,
  createKey: (name, type) => vault.createKey(name, type),
  listKeys: () => vault.listKeys(),
  key: (name) => vault.key(name),
  signer: (name, algorithm) => vault.signer(name, algorithm),
  destroyKey: (name) => vault.destroyKey(name),
  close: () => vault.close(),
  ...changes,
});

/** Signatures are `signerUnavailable` while `fails` says so. */
export const failingVault = (vault: Vault, fails: () => boolean): Vault =>
  changedVault(vault, {
    async signer(name, algorithm) {
      const signer = await vault.signer(name, algorithm);
      const down = (): Promise<never> => Promise.reject(new CaError('signerUnavailable', 'down'));
      return { ...signer, sign: (tbs) => (fails() ? down() : signer.sign(tbs)) };
    },
  });

/** Each signature waits for `event`. */
export const waitingVault = (vault: Vault, event: () => Promise<void>): Vault =>
  changedVault(vault, {
    async signer(name, algorithm) {
      const signer = await vault.signer(name, algorithm);
      return { ...signer, sign: async (tbs) => event().then(() => signer.sign(tbs)) };
    },
  });
