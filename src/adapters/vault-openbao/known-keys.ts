/** The keys of the mount as they were first seen: one that is exchanged is noticed, and those of other programs are left out. */
import type { VaultKey } from '../../ports/vault.ts';
import { BaoError, type Trouble, troubles } from './bao-trouble.ts';
import type { TransitEngine } from './transit-engine.ts';
import type { TransitKey } from './transit-keys.ts';

/** Making and removing keys, and reading them. */
const timeLimitMs = 8000;
/** An RSA key is looked for until one is found, on a busy machine for long. */
const makeRsaKeyMs = 180_000;
/** There is a key, and it signs nothing. */
const unusable: readonly Trouble[] = ['keyUnfit', 'versionGone'];

export class KnownKeys {
  readonly #engine: TransitEngine;
  readonly #keys = new Map<string, TransitKey>();

  constructor(engine: TransitEngine) {
    this.#engine = engine;
  }

  /** One of them, for a probe. */
  anyName(): string | undefined {
    return this.#keys.keys().next().value;
  }

  /** Whether this very key still is the one of its name. */
  isCurrent(key: TransitKey): boolean {
    return this.#keys.get(key.facts.name) === key;
  }

  /** Always asks; what was seen before must be seen again. BaoError `keyExchanged` for another one. */
  async read(name: string): Promise<TransitKey> {
    const found = await this.#engine.readKey(name, timeLimitMs);
    const known = this.#keys.get(name);
    if (!known) {
      this.#keys.set(name, found);
      return found;
    }
    if (Buffer.compare(known.facts.publicKeyDer, found.facts.publicKeyDer) === 0) return known;
    throw new BaoError('keyExchanged', 'the key of this name is another one');
  }

  /** Creating a key that is there is no error in transit, and says nothing: so it is looked for before. Undefined: it is there. */
  async create(name: string, transitType: string): Promise<TransitKey | undefined> {
    if (await this.#holds(name)) return undefined;
    await this.#engine.createKey(name, transitType, transitType.startsWith('rsa') ? makeRsaKeyMs : timeLimitMs);
    const key = await this.#engine.readKey(name, timeLimitMs);
    this.#keys.set(name, key);
    return key;
  }

  /** Whether there is one to be removed, also one that cannot be used; BaoError `keyExchanged` for another one under its name. */
  async holdsOurs(name: string): Promise<boolean> {
    try {
      await this.read(name);
      return true;
    } catch (error) {
      if (error instanceof BaoError && unusable.includes(error.trouble)) return true;
      if (error instanceof BaoError && error.trouble === 'keyMissing') return false;
      throw error;
    }
  }

  async destroy(name: string): Promise<void> {
    await this.#engine.destroyKey(name, timeLimitMs);
    this.#keys.delete(name);
  }

  names(): Promise<readonly string[]> {
    return this.#engine.keyNames(timeLimitMs);
  }

  /** Undefined for keys for other uses, which lie beside ours. */
  async listed(name: string): Promise<VaultKey | undefined> {
    try {
      return (await this.read(name)).facts;
    } catch (error) {
      if (error instanceof BaoError && !troubles[error.trouble].opens && error.trouble !== 'denied') return undefined;
      throw error;
    }
  }

  forgetAll(): void {
    this.#keys.clear();
  }

  async #holds(name: string): Promise<boolean> {
    try {
      await this.#engine.readKey(name, timeLimitMs);
      return true;
    } catch (error) {
      if (error instanceof BaoError && error.trouble === 'keyMissing') return false;
      if (error instanceof BaoError && unusable.includes(error.trouble)) return true;
      throw error;
    }
  }
}
