/** Tries a token as the service would: library, module, slot, login, and whether the named keys are there. */
import type { Finding } from '../../domain/diagnosis/finding.ts';
import { StartError } from '../../domain/errors.ts';
import { openPin } from './pin.ts';
import { TokenFault } from './token-fault.ts';
import { TokenLink } from './token-link.ts';
import type { Pkcs11VaultOptions } from './vault-pkcs11.ts';

const check = 'vault';

/** Signs nothing and changes nothing; a wrong PIN costs one attempt, as a start does. */
export async function examinePkcs11(options: Omit<Pkcs11VaultOptions, 'log'>): Promise<Finding[]> {
  const { name, token, pin, env, limits } = options;
  try {
    const readPin = await openPin(pin, env);
    const link = new TokenLink({ address: token, readPin, env, onChange: () => undefined, ...(limits && { limits }) });
    try {
      await link.open();
      return [
        findingOf(
          options,
          (await link.ask('listKeys', null)).map((key) => key.name),
        ),
      ];
    } finally {
      await link.close();
    }
  } catch (error) {
    return [failed(name, error)];
  }
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
