/** A vault of kind `pkcs11`: keys that are made and stay in the token of an HSM, asked through a process of its own. */
import { CaError, type CaErrorCode, StartError, type StartErrorCode } from '../../domain/errors.ts';
import { type KeyType, keyFamily } from '../../domain/x509/key-type.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer, Vault, VaultKey } from '../../ports/vault.ts';
import { SigningQueue } from '../threads/signing-queue.ts';
import { openPin, type PinSettings } from './pin.ts';
import { type FaultKind, TokenFault } from './token-fault.ts';
import { type LinkLimits, TokenLink } from './token-link.ts';
import type { TokenAddress } from './token-messages.ts';

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

/** Some waiting at the module's door keep all its sessions busy; the rest wait here, where they can be turned away. */
const askedPerSession = 8;

class Pkcs11Vault implements Vault {
  readonly name: string;
  readonly #link: TokenLink;
  readonly #queue: SigningQueue;
  readonly #isListed: (name: string) => boolean;
  #closed = false;

  constructor({ name, token, keys }: Pkcs11VaultOptions, link: TokenLink) {
    this.name = name;
    this.#link = link;
    this.#queue = new SigningQueue({ running: token.sessions * askedPerSession, waiting: 4096, timeLimitMs: 10_000 });
    const named = new Set(keys);
    this.#isListed = (key) => validName.test(key) && (named.size === 0 || named.has(key));
  }

  async createKey(name: string, type: KeyType): Promise<VaultKey> {
    this.#assertOpen();
    if (!validName.test(name))
      throw new CaError('malformed', 'A key’s name has lower case letters, digits, - and . only.');
    return this.#guard(this.#link.ask('createKey', { name, type }));
  }

  async listKeys(): Promise<readonly VaultKey[]> {
    this.#assertOpen();
    const keys = await this.#guard(this.#link.ask('listKeys', null));
    return keys.filter(({ name }) => this.#isListed(name));
  }

  async key(name: string): Promise<VaultKey> {
    this.#assertOpen();
    if (!validName.test(name)) throw errorOf(new TokenFault('notFound', ''));
    return this.#guard(this.#link.ask('findKey', { name }));
  }

  /** Also refuses a key that its token would give away. */
  async signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    const key = await this.key(name);
    if (keyFamily(key.type) !== algorithm.keyFamily) {
      throw new CaError('policyRefused', `The key ${name} (${key.type}) cannot sign with ${algorithm.name}.`);
    }
    const reference = { name, publicKeySha256: publicKeySha256(key.publicKeyDer) };
    await this.#guard(this.#link.ask('checkKey', reference));
    const sign = async (tbs: Uint8Array): Promise<Uint8Array> => {
      this.#assertOpen();
      const takes = { key: reference, algorithm: algorithm.name, tbs };
      return this.#queue.run(() => this.#guard(this.#link.ask('sign', takes)));
    };
    return { key, algorithm, verified: true, sign, refusal: () => this.#refusal() };
  }

  async destroyKey(name: string): Promise<void> {
    this.#assertOpen();
    if (!validName.test(name)) throw errorOf(new TokenFault('notFound', ''));
    await this.#guard(this.#link.ask('destroyKey', { name }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#link.close();
  }

  #refusal(): CaError | undefined {
    const fault = this.#closed ? undefined : this.#link.fault();
    return fault && errorOf(fault);
  }

  async #guard<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      throw error instanceof TokenFault ? errorOf(error) : error;
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new CaError('signerUnavailable', 'The vault is closed.');
  }
}

/** Callers are told what they can act upon; what the token said is for the log. */
function errorOf(fault: TokenFault): CaError {
  const { code, says, retryAfterSeconds } = answers[fault.kind];
  return new CaError(code, says, {
    cause: fault,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}

interface Answer {
  readonly code: CaErrorCode;
  readonly says: string;
  readonly retryAfterSeconds?: number;
}

const away = (says: string, retryAfterSeconds = 5): Answer => ({ code: 'signerUnavailable', says, retryAfterSeconds });
const refused = (says: string): Answer => ({ code: 'policyRefused', says });

const answers: Readonly<Record<FaultKind, Answer>> = {
  libraryMissing: away('The library for PKCS#11 is missing.', 60),
  moduleUnusable: away('The PKCS#11 module cannot be loaded.', 60),
  tokenAmbiguous: away('Several tokens fit the settings of the vault.', 60),
  tokenAbsent: away('The token is not there.'),
  pinMissing: away('The token’s PIN cannot be read.', 60),
  pinRefused: away('The token refused its PIN, which is not tried again. An operator must act.', 60),
  lost: away('The token does not answer as it should.'),
  busy: away('The token has no session left. Try again in a moment.', 1),
  notFound: { code: 'notFound', says: 'The vault does not hold this key.' },
  conflict: { code: 'conflict', says: 'The vault already holds a key of this name.' },
  keyExtractable: refused('The key could leave its token, so nothing is signed with it.'),
  notSupported: refused('The token does not do this with such a key.'),
  refused: away('The token refused.', 60),
  spoilt: away('A signature of the token did not verify and was thrown away.'),
};
