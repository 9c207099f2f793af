/** File vaults for tests: in a folder that goes away, with a derivation that costs nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandomness } from '#src/adapters/system-randomness.ts';
import { type FileVaultOptions, openFileVault } from '#src/adapters/vault-file/vault-file.ts';
import type { Vault } from '#src/ports/vault.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

export const passphrase = 'correct horse battery staple';

/** The least that argon2id takes: these vaults guard nothing. */
export const cheapest = { memoryKiB: 8, passes: 1, parallelism: 1 };

export interface FileVaultUnderTest {
  readonly directory: string;
  open(options?: Partial<FileVaultOptions>): Promise<Vault>;
  pathOf(file: string): string;
  read(file: string): Buffer;
  /** Writes a file of the vault with the mode it should have. */
  put(file: string, content: string | Uint8Array): void;
}

export function fileVault(): FileVaultUnderTest {
  const directory = join(temporaryFolder().path, 'vault');
  const pathOf = (file: string): string => join(directory, file);
  return {
    directory,
    open: (options = {}) =>
      openFileVault({ directory, passphrase, randomness: systemRandomness, cost: cheapest, ...options }),
    pathOf,
    read: (file) => readFileSync(pathOf(file)),
    put: (file, content) => writeFileSync(pathOf(file), content, { mode: 0o600 }),
  };
}
