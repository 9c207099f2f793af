/** Vaults that a test opens and forgets. */
import { onTestFinished } from 'vitest';
import type { Vault } from '#src/ports/vault.ts';

/** The same vault, closed when the test ends. */
export function closing(vault: Vault): Vault {
  onTestFinished(() => vault.close());
  return vault;
}
