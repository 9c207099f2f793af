import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { VaultFault } from '../../contracts/vault/faults.ts';
import { type VaultUnderTest, vaultContract } from '../../contracts/vault.ts';
import { describeWith } from '../../support/judges.ts';
import { makeSoftwareToken, type SoftwareToken, softwareTokens } from '../../support/software-token.ts';
import { type FaultyToken, faultyToken } from './faulty-module.ts';

/** The token under the vault of the test that runs. */
let token: SoftwareToken;
let faulty: FaultyToken;

const rules = (name: string, ...lines: readonly string[]): VaultFault => ({
  name,
  begin: async () => faulty.rules(...lines),
  end: async () => faulty.rules(),
});

const moveToken = (from: string, to: string): void => {
  const [name = ''] = readdirSync(join(token.folder, from)).filter((each) => each.includes('-'));
  renameSync(join(token.folder, from, name), join(token.folder, to, name));
};

const faults: readonly VaultFault[] = [
  { name: 'taken out', begin: async () => moveToken('tokens', ''), end: async () => moveToken('', 'tokens') },
  rules('removed while it signs', 'SignInit 0x32'),
  rules('broken', 'Sign 0x30', 'OpenSession 0x30'),
  rules('crashing', 'Sign crash 0x0'),
  rules('hung', 'Sign sleep 0xea60'),
];

const limits = { openMs: 9000, askMs: 1500, makeRsaKeyMs: 60_000 };

describeWith([...softwareTokens, 'gcc'], 'SoftHSM2', () => {
  // RSA-3072 and above differ from RSA-2048 in the length alone, and take minutes to make.
  vaultContract('vault-pkcs11', makeVault, {
    keyTypes: ['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'ed25519'],
    faults,
  });
});

async function makeVault(): Promise<VaultUnderTest> {
  token = await makeSoftwareToken();
  faulty = await faultyToken(token);
  const { dispose, pin } = token;
  const lines: unknown[] = [];
  const keep = (fields: object, message: string): void => void lines.push(fields, message);
  const open = () => faulty.open({ limits, log: { info: keep, warn: keep, error: keep } });
  const opened = [await open()];
  return {
    vault: opened[0]!,
    reopen: async () => {
      opened.push(await open());
      return opened.at(-1)!;
    },
    secrets: [pin, Buffer.from(pin).toString('hex'), Buffer.from(pin).toString('base64')],
    logged: () => lines.map((line) => inspect(line, { depth: 20 })).join('\n'),
    dispose: async () => {
      await Promise.all(opened.map((vault) => vault.close()));
      dispose();
    },
  };
}
