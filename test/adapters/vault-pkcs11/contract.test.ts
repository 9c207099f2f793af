import { vaultContract } from '../../contracts/vault.ts';
import { describeWith } from '../../support/judges.ts';
import { softwareToken } from '../../support/software-token.ts';

describeWith(['softhsm2-util'], 'SoftHSM2', () => {
  // RSA-3072 and above differ from RSA-2048 in the length alone, and take minutes to make.
  vaultContract(
    'vault-pkcs11',
    async () => {
      const token = await softwareToken();
      const opened = [await token.open()];
      return {
        vault: opened[0]!,
        reopen: async () => {
          const again = await token.open();
          opened.push(again);
          return again;
        },
        secrets: [token.pin, Buffer.from(token.pin).toString('hex'), Buffer.from(token.pin).toString('base64')],
        dispose: async () => {
          await Promise.all(opened.map((vault) => vault.close()));
          token.dispose();
        },
      };
    },
    { keyTypes: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'] },
  );
});
