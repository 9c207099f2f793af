/** Tries a token as the service would: library, module, slot, login, and whether the named keys are there. */
import type { Finding } from '../../domain/diagnosis/finding.ts';
import {
  type BegunKey,
  type CertifiedKey,
  type HeldKeys,
  judgeBegunKeys,
  judgeKeys,
} from '../../domain/diagnosis/judge-keys.ts';
import { StartError } from '../../domain/errors.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import type { VaultKey } from '../../ports/vault.ts';
import { openPin } from './pin.ts';
import { TokenFault } from './token-fault.ts';
import { TokenLink } from './token-link.ts';
import type { Pkcs11VaultOptions } from './vault-pkcs11.ts';

const check = 'vault';

/** Signs nothing and changes nothing; a wrong PIN costs one attempt, as a start does. */
export async function examinePkcs11(
  options: Omit<Pkcs11VaultOptions, 'log'>,
  certified: readonly CertifiedKey[],
  begun: readonly BegunKey[] = [],
): Promise<Finding[]> {
  const { name, token, pin, env, limits } = options;
  try {
    const readPin = await openPin(pin, env);
    const link = new TokenLink({ address: token, readPin, env, onChange: () => undefined, ...(limits && { limits }) });
    try {
      await link.open();
      const held = heldOf(await link.ask('listKeys', null));
      const names = [...held.keys()];
      return [findingOf(options, names), ...judgeKeys(certified, held), ...judgeBegunKeys(begun, names)];
    } finally {
      await link.close();
    }
  } catch (error) {
    return [failed(name, error)];
  }
}

function heldOf(keys: readonly VaultKey[]): HeldKeys {
  const held = new Map<string, string[]>();
  for (const { name, publicKeyDer } of keys) held.set(name, [...(held.get(name) ?? []), publicKeySha256(publicKeyDer)]);
  return held;
}

function findingOf({ name, keys }: Pick<Pkcs11VaultOptions, 'name' | 'keys'>, found: readonly string[]): Finding {
  const missing = keys.filter((key) => !found.includes(key));
  const says = `${name}: the token is there and takes the PIN; it holds ${found.length} keys`;
  if (missing.length === 0) return { check, state: 'ok', says };
  const next = 'Compare the labels of the token’s private keys with `keys` in the settings.';
  return { check, state: 'fail', says: `${says}, but not ${missing.join(', ')}`, next };
}

function failed(name: string, error: unknown): Finding {
  if (error instanceof StartError) return { check, state: 'fail', says: `${name}: ${error.code}`, next: error.message };
  if (!(error instanceof TokenFault)) throw error;
  const next = 'docs/keys.md says what each HSM needs.';
  return { check, state: 'fail', says: `${name}: ${error.message}`, next };
}
