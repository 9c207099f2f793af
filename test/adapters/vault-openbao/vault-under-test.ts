/** Vaults over a real OpenBao: each with a mount of its own, open with a token in a file. */
import { type OpenBaoOptions, openOpenBaoVault } from '#src/adapters/vault-openbao/vault-openbao.ts';
import type { Log } from '#src/ports/log.ts';
import type { Vault } from '#src/ports/vault.ts';
import type { BaoServer } from '../../support/bao-server.ts';
import { keepingLog } from '../../support/keeping-log.ts';

let mounts = 0;

/** A transit engine with no keys; resolves to its path. */
export async function newMount(server: BaoServer): Promise<string> {
  mounts += 1;
  const mount = `ca-keys/${mounts}`;
  await server.ask('POST', `sys/mounts/${mount}`, { type: 'transit' });
  return mount;
}

export const optionsFor = (server: BaoServer): OpenBaoOptions => ({
  name: 'bao',
  address: server.address,
  caFile: server.caFile,
  mount: 'transit',
  auth: 'token',
  tokenFile: server.write('root-token', `${server.rootToken}\n`),
  keys: [],
  // Generous: the machine may be busy with other tests.
  timeLimitSeconds: 9,
});

/** As root unless the options say otherwise. */
export const openBao = (
  server: BaoServer,
  options: Partial<OpenBaoOptions> = {},
  log: Log = keepingLog().log,
): Promise<Vault> => openOpenBaoVault({ ...optionsFor(server), ...options }, log);
