import { afterAll, beforeAll } from 'vitest';
import type { VaultFault } from '../../contracts/vault/faults.ts';
import { type VaultUnderTest, vaultContract } from '../../contracts/vault.ts';
import { type BaoServer, startBao, tokenFor } from '../../support/bao-server.ts';
import { describeWith, pathOf } from '../../support/judges.ts';
import { keepingLog } from '../../support/keeping-log.ts';
import { newMount, openBao } from './vault-under-test.ts';

describeWith('bao', 'OpenBao itself', () => {
  let server: BaoServer;
  beforeAll(async () => {
    // On disk, so that a crash leaves what was there.
    server = await startBao({ program: pathOf('bao'), storage: 'raft' });
  });
  afterAll(() => server.stop());

  const faults: readonly VaultFault[] = [
    {
      name: 'down',
      begin: () => server.crash(),
      async end() {
        await server.startAgain();
        await server.unseal();
      },
    },
    { name: 'sealed', begin: () => server.seal(), end: () => server.unseal() },
    { name: 'hung', begin: () => server.hang(), end: async () => server.goOn() },
  ];

  // RSA above 2048 differs in nothing but the seconds it takes to make the keys.
  vaultContract('vault-openbao', () => vaultOn(server), {
    keyTypes: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'],
    faults,
    has: { rotation: true, permissions: true },
  });
});

const policyOf = (mount: string, denied?: string): string =>
  [
    `path "${mount}/keys" { capabilities = ["list"] }`,
    `path "${mount}/keys/*" { capabilities = ["create", "read", "update", "delete"] }`,
    `path "${mount}/sign/*" { capabilities = ["update"] }`,
    ...(denied === undefined ? [] : [`path "${mount}/sign/${denied}" { capabilities = ["deny"] }`]),
  ].join('\n');

async function vaultOn(server: BaoServer): Promise<VaultUnderTest> {
  const mount = await newMount(server);
  const policy = mount.replace('/', '-');
  const allow = () => server.ask('POST', `sys/policies/acl/${policy}`, { policy: policyOf(mount) });
  await allow();
  const token = await tokenFor(server, [policy]);
  const tokenFile = server.write(`${policy}.token`, `${token}\n`);
  const { log, lines } = keepingLog();
  const open = () => openBao(server, { mount, tokenFile, timeLimitSeconds: 3 }, log);
  const opened = [await open()];
  return {
    vault: opened[0]!,
    reopen: async () => {
      opened.push(await open());
      return opened.at(-1)!;
    },
    secrets: [token, Buffer.from(token).toString('base64')],
    logged: () => JSON.stringify(lines),
    rotate: (name) => server.ask('POST', `${mount}/keys/${name}/rotate`),
    async forbid(name) {
      await server.ask('POST', `sys/policies/acl/${policy}`, { policy: policyOf(mount, name) });
      return allow;
    },
    dispose: async () => {
      for (const each of opened) await each.close();
      await server.ask('DELETE', `sys/mounts/${mount}`);
    },
  };
}
