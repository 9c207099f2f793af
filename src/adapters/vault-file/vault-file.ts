/** The vault `file`: private keys in sealed files of one folder, opened once at the start and used in memory (docs/keys.md). */

import { join } from 'node:path';
import { CaError, StartError } from '../../domain/errors.ts';
import { type KeyType, keyFamily } from '../../domain/x509/key-type.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { createFile, removeFile } from '../../files/whole-file.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Signer, Vault, VaultKey } from '../../ports/vault.ts';
import { crowdThread } from '../threads/crowd-thread.ts';
import { type QueueLimits, SigningQueue } from '../threads/signing-queue.ts';
import { checkFileName, keyFileSuffix, type OpenKey, sealCheck, sealKey, type WrappingKey } from './formats.ts';
import { generateKey } from './generate-key.ts';
import { type DerivationCost, defaultCost, deriveKey, saltLength } from './key-derivation.ts';
import { settleRewrap } from './rewrap-folder.ts';
import { formatSealedFile, nonceLength } from './sealed-file.ts';
import { signWithKey } from './sign-with-key.ts';
import type { ToSign } from './signing-worker.ts';
import { unlock } from './unlock.ts';
import { readVaultFolder } from './vault-folder.ts';

export interface FileVaultOptions {
  /** Made (0700) if it is not there. One process at a time: the home's lock sees to that. */
  readonly directory: string;
  readonly passphrase: string;
  readonly randomness: Randomness;
  /** For a new vault; an existing one keeps what it was made with. */
  readonly cost?: DerivationCost;
  readonly queue?: QueueLimits;
}

/**
 * Opens every key, so that whatever is wrong shows at the start. Throws StartError `passphraseMissing`, `passphraseWrong`,
 * `keyFileDamaged`, `keyFileOpenToOthers`, `homeUnwritable`.
 */
export async function openFileVault(options: FileVaultOptions): Promise<Vault> {
  const { directory, passphrase } = options;
  if (passphrase === '') throw new StartError('passphraseMissing', 'The passphrase of the vault is empty.');
  await writable(directory, () => makeFolder(directory, 0o700));
  await writable(directory, () => settleRewrap(directory));
  const folder = await readVaultFolder(directory);
  const found = await unlock(folder, passphrase);
  const wrapping = found?.wrapping ?? (await newWrappingKey(options));
  if (found?.checkIsMissing !== false) await writable(directory, () => storeCheck(options, wrapping));
  return new FileVault(options, wrapping, found?.keys ?? []);
}

async function newWrappingKey({ passphrase, randomness, cost = defaultCost }: FileVaultOptions): Promise<WrappingKey> {
  const kdf = { name: 'argon2id', ...cost, salt: randomness.bytes(saltLength) } as const;
  return { kdf, key: await deriveKey(passphrase, kdf) };
}

async function storeCheck({ directory, randomness }: FileVaultOptions, wrapping: WrappingKey): Promise<void> {
  const file = sealCheck(wrapping, randomness.bytes(nonceLength));
  await createFile(join(directory, checkFileName), { content: formatSealedFile(file), mode: 0o600 });
}

async function writable(directory: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new StartError(
      'homeUnwritable',
      `The vault ${directory} cannot be written. Check its disk and its owner.`,
      error,
    );
  }
}

/** Authorities' keys carry a suffix of the service; no name leaves the folder or hides in it. */
const validName = /^[a-z0-9][a-z0-9.-]{0,63}$/;

class FileVault implements Vault {
  readonly name = 'file';
  readonly #directory: string;
  readonly #randomness: Randomness;
  readonly #queue: SigningQueue;
  readonly #thread = crowdThread<ToSign, Uint8Array>(new URL('./signing-worker.ts', import.meta.url));
  readonly #keys = new Map<string, OpenKey>();
  /** Names whose files are being made. */
  readonly #reserved = new Set<string>();
  #wrapping: WrappingKey | undefined;

  constructor({ directory, randomness, queue }: FileVaultOptions, wrapping: WrappingKey, keys: readonly OpenKey[]) {
    this.#directory = directory;
    this.#randomness = randomness;
    this.#queue = new SigningQueue(queue);
    this.#wrapping = wrapping;
    for (const key of keys) this.#keys.set(key.facts.name, key);
  }

  async createKey(name: string, type: KeyType): Promise<VaultKey> {
    this.#assertOpen();
    if (!validName.test(name))
      throw new CaError('malformed', 'A key’s name has lower case letters, digits, - and . only.');
    if (this.#keys.has(name) || this.#reserved.has(name)) throw nameTaken(name);
    this.#reserved.add(name);
    try {
      const key = await this.#makeKey(name, type);
      this.#keys.set(name, key);
      return key.facts;
    } finally {
      this.#reserved.delete(name);
    }
  }

  async listKeys(): Promise<readonly VaultKey[]> {
    this.#assertOpen();
    const names = [...this.#keys.keys()].sort();
    return names.map((name) => this.#find(name).facts);
  }

  async key(name: string): Promise<VaultKey> {
    this.#assertOpen();
    return this.#find(name).facts;
  }

  async signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    this.#assertOpen();
    const { facts } = this.#find(name);
    if (keyFamily(facts.type) !== algorithm.keyFamily) {
      throw new CaError('policyRefused', `The key ${name} (${facts.type}) cannot sign with ${algorithm.name}.`);
    }
    return { key: facts, algorithm, verified: true, sign: (tbs) => this.#sign(facts, algorithm, tbs) };
  }

  async destroyKey(name: string): Promise<void> {
    this.#assertOpen();
    this.#find(name);
    await removeFile(this.#fileOf(name)).catch(unwritable);
    this.#keys.delete(name);
  }

  /** node:crypto wipes a key's memory when the last KeyObject is collected. */
  async close(): Promise<void> {
    this.#wrapping = undefined;
    this.#keys.clear();
    await this.#thread.close();
  }

  async #makeKey(name: string, type: KeyType): Promise<OpenKey> {
    const pair = await generateKey[type]();
    const wrapping = this.#assertOpen();
    const facts = { name, type, publicKeyDer: pair.publicKey.export({ format: 'der', type: 'spki' }) };
    const key = { facts, ...pair };
    const file = sealKey(key, wrapping, this.#randomness.bytes(nonceLength));
    await createFile(this.#fileOf(name), { content: formatSealedFile(file), mode: 0o600 }).catch((error: unknown) => {
      throw isExisting(error) ? nameTaken(name) : unwritable(error);
    });
    return key;
  }

  /** Looks the key up at each call: a signer of a closed vault or a destroyed key signs no more, nor with its successor. */
  async #sign(facts: VaultKey, algorithm: SignatureAlgorithm, tbs: Uint8Array): Promise<Uint8Array> {
    this.#assertOpen();
    const key = this.#find(facts.name);
    if (key.facts !== facts) throw notHeld();
    return this.#queue.run(() => this.#signNow(key, algorithm, tbs));
  }

  /** RSA's arithmetic outweighs its way to the thread pool, which has several threads for it. */
  #signNow(key: OpenKey, algorithm: SignatureAlgorithm, tbs: Uint8Array): Promise<Uint8Array> {
    const onPool = (): Promise<Uint8Array> => signWithKey(key, algorithm, tbs);
    if (algorithm.keyFamily === 'rsa') return onPool();
    const { privateKey, publicKey } = key;
    return this.#thread.ask({ privateKey, publicKey, algorithm, tbs }, onPool);
  }

  #fileOf(name: string): string {
    return join(this.#directory, `${name}${keyFileSuffix}`);
  }

  #find(name: string): OpenKey {
    const key = this.#keys.get(name);
    if (!key) throw notHeld();
    return key;
  }

  #assertOpen(): WrappingKey {
    if (!this.#wrapping) throw new CaError('signerUnavailable', 'The vault is closed.');
    return this.#wrapping;
  }
}

const notHeld = (): CaError => new CaError('notFound', 'The vault does not hold this key.');

const nameTaken = (name: string): CaError => new CaError('conflict', `The vault already holds a key named ${name}.`);

const isExisting = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST';

function unwritable(cause: unknown): never {
  throw new CaError('signerUnavailable', 'The vault cannot be written now. Check its disk.', { cause });
}
