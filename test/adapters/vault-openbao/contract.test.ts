import { afterAll, beforeAll } from 'vitest';
import { vaultContract } from '../../contracts/vault.ts';
import { type BaoServer, startBao } from '../../support/bao-server.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { newMount, openBao } from './vault-under-test.ts';

describeWith('bao', 'OpenBao itself', () => {
  let server: BaoServer;
  beforeAll(async () => {
    server = await startBao({ program: pathOf('bao') });
  });
  afterAll(() => server.stop());

  // RSA above 2048 differs in nothing but the seconds it takes to make the keys.
  vaultContract(
    'vault-openbao',
    async () => {
      const mount = await newMount(server);
      const opened = [await openBao(server, { mount })];
      return {
        vault: opened[0]!,
        reopen: async () => {
          opened.push(await openBao(server, { mount }));
          return opened.at(-1)!;
        },
        secrets: [server.rootToken, Buffer.from(server.rootToken).toString('base64')],
        dispose: async () => {
          for (const each of opened) await each.close();
          await server.ask('DELETE', `sys/mounts/${mount}`);
        },
      };
    },
    { keyTypes: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'] },
  );
});
