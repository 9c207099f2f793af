/** `privyseal serve` with one thing around it: every to-be-signed text is kept in a file before its signature is used. */
import { appendFileSync } from 'node:fs';
import { loadConfig } from '../../src/config.ts';
import { startService } from '../../src/main.ts';
import type { Signer, Vault } from '../../src/ports/vault.ts';
import { changedVault } from './changed-vault.ts';

/** The variable that names the file; one line of base64 for each signature. */
export const signedFileVariable = 'PRIVYSEAL_TEST_SIGNED_FILE';

const recordSigner = (signer: Signer, file: string): Signer => ({
  key: signer.key,
  algorithm: signer.algorithm,
  async sign(tbs) {
    const signature = await signer.sign(tbs);
    // What the kernel has survives a kill -9: this line is there whenever the signature could have left this function.
    appendFileSync(file, `${Buffer.from(tbs).toString('base64')}\n`);
    return signature;
  },
});

const recordVault = (vault: Vault, file: string): Vault =>
  changedVault(vault, {
    signer: async (name, algorithm) => recordSigner(await vault.signer(name, algorithm), file),
  });

if (import.meta.main) {
  const file = process.env[signedFileVariable] ?? '';
  const service = await startService(await loadConfig(process.env, process.cwd()), {
    wrapVault: (vault) => recordVault(vault, file),
  });
  process.once('SIGTERM', () => void service.stop());
}
