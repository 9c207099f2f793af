/** A vault of kind `pkcs11`: keys that are made and stay in the token of an HSM, asked through a process of its own. */
import { CaError, StartError, type StartErrorCode } from '../../domain/errors.ts';
import { type KeyType, keyFamily } from '../../domain/x509/key-type.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer, Vault, VaultKey } from '../../ports/vault.ts';
import { SigningQueue } from '../threads/signing-queue.ts';
import { errorOf, sentenceOf } from './fault-answers.ts';
import { openPin, type PinSettings } from './pin.ts';
import { type FaultKind, TokenFault } from './token-fault.ts';
import { type LinkLimits, TokenLink } from './token-link.ts';
import type { TokenAct, TokenActs, TokenAddress } from './token-messages.ts';

export interface Pkcs11VaultOptions {
  /** As authorities name it. */
  readonly name: string;
  readonly token: TokenAddress;
  readonly pin: PinSettings;
  /** When some are named, no others are listed. */
  readonly keys: readonly string[];
  /** The module's process gets it, without the service's own variables and without the PIN. */
  readonly env: NodeJS.ProcessEnv;
  readonly limits?: LinkLimits;
  readonly log: Log;
}

/**
 * Loads the module, finds the token and logs in. Throws StartError `vaultUnusable`, `pinMissing`, `pinRefused`,
 * `keyFileOpenToOthers` for what a person must mend; a token that is away now is none of that: its vault opens, and answers
 * `signerUnavailable` until the token is back.
 */
export async function openPkcs11Vault(options: Pkcs11VaultOptions): Promise<Vault> {
  const { name, token, pin, env, limits, log } = options;
  const readPin = await openPin(pin, env);
  const onChange = (fault: TokenFault | undefined): void => {
    if (fault)
      log.error({ vault: name, err: fault }, 'a vault is away; nothing is signed with its keys until it is back');
    else log.info({ vault: name }, 'a vault is back');
  };
  const link = new TokenLink({ address: token, readPin, env, onChange, ...(limits && { limits }) });
  try {
    await link.open();
  } catch (error) {
    if (!(error instanceof TokenFault)) throw error;
    const code = startCodes[error.kind];
    if (code !== undefined) {
      await link.close();
      throw new StartError(code, `The vault ${name}: ${error.message}`, error.cause);
    }
  }
  return new Pkcs11Vault(options, link);
}

/** What no waiting mends. */
const startCodes: Readonly<Partial<Record<FaultKind, StartErrorCode>>> = {
  libraryMissing: 'vaultUnusable',
  moduleUnusable: 'vaultUnusable',
  tokenAmbiguous: 'vaultUnusable',
  pinMissing: 'pinMissing',
  pinRefused: 'pinRefused',
};

/** As the port says. */
const validName = /^[a-z0-9][a-z0-9.-]{0,63}$/;

/** Enough asks lie in the module's process to keep all sessions busy; the rest wait here, where they can be turned away. */
const askedPerSession = 8;

/** What the port allows a call. */
const timeLimitMs = 10_000;

class Pkcs11Vault implements Vault {
  readonly name: string;
  readonly #link: TokenLink;
  readonly #signatures: SigningQueue;
  /** Bounds everything else, as signatures are bounded, except for the making of RSA keys. */
  readonly #calls = new SigningQueue({ running: 64, waiting: 1024, timeLimitMs });
  readonly #isListed: (name: string) => boolean;
  #closed = false;

  constructor({ name, token, keys }: Pkcs11VaultOptions, link: TokenLink) {
    this.name = name;
    this.#link = link;
    this.#signatures = new SigningQueue({ running: token.sessions * askedPerSession, waiting: 4096, timeLimitMs });
    const named = new Set(keys);
    this.#isListed = (key) => validName.test(key) && (named.size === 0 || named.has(key));
  }

  async createKey(name: string, type: KeyType): Promise<VaultKey> {
    this.#assertOpen();
    if (!validName.test(name))
      throw new CaError('malformed', 'A key’s name has lower case letters, digits, - and . only.');
    // An HSM looks for the primes of RSA as long as it takes; the link ends a module that has hung.
    if (keyFamily(type) === 'rsa') return this.#guard(() => this.#link.ask('createKey', { name, type }));
    return this.#call('createKey', { name, type });
  }

  async listKeys(): Promise<readonly VaultKey[]> {
    this.#assertOpen();
    const keys = await this.#call('listKeys', null);
    return keys.filter(({ name }) => this.#isListed(name));
  }

  async key(name: string): Promise<VaultKey> {
    this.#assertOpen();
    if (!validName.test(name)) throw notHeld();
    return this.#call('findKey', { name });
  }

  /** Also refuses a key that its token would give away. */
  async signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    const key = await this.key(name);
    if (keyFamily(key.type) !== algorithm.keyFamily) {
      throw new CaError('policyRefused', `The key ${name} (${key.type}) cannot sign with ${algorithm.name}.`);
    }
    const reference = { name, publicKeySha256: publicKeySha256(key.publicKeyDer) };
    await this.#call('checkKey', reference);
    const sign = async (tbs: Uint8Array): Promise<Uint8Array> => {
      this.#assertOpen();
      const takes = { key: reference, algorithm: algorithm.name, tbs };
      return this.#signatures.run(() => this.#guard(() => this.#link.ask('sign', takes)));
    };
    return { key, algorithm, verified: true, sign, refusal: () => this.#refusal() };
  }

  async destroyKey(name: string): Promise<void> {
    this.#assertOpen();
    if (!validName.test(name)) throw notHeld();
    await this.#call('destroyKey', { name });
  }

  problem(): string | undefined {
    const fault = this.#link.fault();
    return fault && sentenceOf(fault);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#link.close();
  }

  #refusal(): CaError | undefined {
    const fault = this.#closed ? undefined : this.#link.fault();
    return fault && errorOf(fault);
  }

  #call<Act extends TokenAct>(act: Act, takes: TokenActs[Act]['takes']): Promise<TokenActs[Act]['gives']> {
    return this.#calls.run(() => this.#guard(() => this.#link.ask(act, takes)));
  }

  async #guard<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw error instanceof TokenFault ? errorOf(error) : error;
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new CaError('signerUnavailable', 'The vault is closed.');
  }
}

const notHeld = (): CaError => errorOf(new TokenFault('notFound', 'No key has such a name.'));
