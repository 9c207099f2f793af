import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRandomness } from '#src/adapters/system-randomness.ts';
import { openFileVault } from '#src/adapters/vault-file/vault-file.ts';
import { vaultContract } from '../../contracts/vault.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { cheapest, passphrase } from './vault-under-test.ts';

// RSA above 3072 differs in nothing but the minutes it takes to make the keys.
vaultContract(
  'vault-file',
  async () => {
    const directory = join(temporaryFolder().path, 'vault');
    const open = () => openFileVault({ directory, passphrase, randomness: systemRandomness, cost: cheapest });
    const vault = await open();
    return {
      vault,
      reopen: open,
      secrets: [passphrase, Buffer.from(passphrase).toString('hex'), Buffer.from(passphrase).toString('base64')],
      dispose: () => rm(directory, { recursive: true }),
    };
  },
  { keyTypes: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'] },
);
