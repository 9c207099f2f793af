/** A vault in OpenBao or HashiCorp Vault: keys of its transit engine, which signs and never gives them away (docs/keys.md). */
import { CaError } from '../../domain/errors.ts';
import { type KeyType, keyFamily } from '../../domain/x509/key-type.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer, Vault, VaultKey } from '../../ports/vault.ts';
import { type BaoSession, openSession, type SessionOptions } from './bao-session.ts';
import { BaoError, toCaError, troubles } from './bao-trouble.ts';
import { Circuit } from './circuit.ts';
import { SignatureGathering } from './gather-signatures.ts';
import { TransitEngine } from './transit-engine.ts';
import { type TransitKey, transitTypes } from './transit-keys.ts';
import { SignatureCheck } from './verify-signature.ts';
import { findWidePowers } from './wide-policy.ts';

export interface OpenBaoOptions extends SessionOptions {
  /** Path of the transit engine. */
  readonly mount: string;
  /** Keys that others made, `name` or `name:version`. When some are named, no others are listed. */
  readonly keys: readonly string[];
  /** For one signature, repetitions included. */
  readonly timeLimitSeconds: number;
}

/**
 * Opens without asking the backend, which may be away. StartError `badConfiguration` for files of TLS that cannot be used.
 * What else is wrong is logged, named by `problem`, and what every call is refused with.
 */
export async function openOpenBaoVault(options: OpenBaoOptions, log: Log): Promise<Vault> {
  const vault = new OpenBaoVault(options, await openSession(options, log), log);
  vault.warmUp();
  return vault;
}

const validName = /^[a-z0-9][a-z0-9.-]{0,63}$/;
/** transit's own rule (`\w(([\w-.]+)?\w)?`): a name ends with a letter or digit. */
const keepableName = /[a-z0-9]$/;

/** Requests at once and signatures in each: RSA is arithmetic, one after the other within a request; the others are waiting. */
const gathering = {
  ec: { flights: 4, together: 128 },
  ed25519: { flights: 4, together: 128 },
  rsa: { flights: 8, together: 4 },
} as const;

/** Making and removing keys, and reading them. */
const keyLimitMs = 8000;
/** One that is sealed at night is to be known before the first request of the day. */
const betweenLooksMs = 10_000;
/** Nobody waits for a look; a slow answer is one. */
const lookLimitMs = 5000;
/** Short, so that one that hung is asked anew soon after it goes on. */
const probeLimitMs = 1500;

class OpenBaoVault implements Vault {
  readonly name: string;
  readonly #options: OpenBaoOptions;
  readonly #log: Log;
  readonly #session: BaoSession;
  readonly #engine: TransitEngine;
  readonly #circuit: Circuit;
  readonly #check = new SignatureCheck();
  /** As first seen: what changes behind our back is noticed. */
  readonly #keys = new Map<string, TransitKey>();
  readonly #reserved = new Set<string>();
  readonly #gatherings = new Set<SignatureGathering>();
  /** Keys whose last signature the policy refused. */
  readonly #denied = new Set<string>();
  #looks: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: OpenBaoOptions, session: BaoSession, log: Log) {
    this.name = options.name;
    this.#options = options;
    this.#session = session;
    this.#log = log;
    this.#engine = new TransitEngine(session, options.mount, versionsOf(options.keys));
    this.#circuit = new Circuit({
      probe: () => this.#probe(),
      onChange: (trouble) => {
        const fields = { vault: this.name, trouble };
        if (trouble === undefined) return log.info(fields, 'a vault is back');
        log.error(fields, 'a vault is away; nothing is signed with its keys until it is back');
        for (const each of this.#gatherings) each.refuseWaiting(this.#refusal()!);
      },
    });
  }

  /** Finds out early, from then on, and without anybody waiting, whether the vault works and whether its token may do too much. */
  warmUp(): void {
    void this.#ask(async () => {
      await this.#engine.health(lookLimitMs);
      await this.#warnOfWidePolicy();
    }).catch((error: unknown) => {
      if (!this.#closed) this.#log.error({ err: error, vault: this.name }, 'a vault does not answer at the start');
    });
    this.#looks = setInterval(() => {
      // A failure opens the circuit, which logs it.
      void this.#ask(() => this.#engine.health(lookLimitMs)).catch(() => undefined);
    }, betweenLooksMs).unref();
  }

  async createKey(name: string, type: KeyType): Promise<VaultKey> {
    this.#assertOpen();
    if (!validName.test(name) || !keepableName.test(name))
      throw new CaError(
        'malformed',
        'A key’s name has lower case letters, digits, - and . only, and ends with no - or dot.',
      );
    const transitType = transitTypes[type];
    if (transitType === undefined)
      throw new CaError('policyRefused', `The vault ${this.name} has no keys of type ${type}.`);
    if (this.#reserved.has(name)) throw this.#nameTaken(name);
    this.#reserved.add(name);
    try {
      return await this.#ask(async () => {
        // Creating a key that is there is no error in transit, and says nothing.
        if (await this.#holds(name)) throw this.#nameTaken(name);
        await this.#engine.createKey(name, transitType, keyLimitMs);
        const key = await this.#engine.readKey(name, keyLimitMs);
        this.#keys.set(name, key);
        return key.facts;
      });
    } finally {
      this.#reserved.delete(name);
    }
  }

  async listKeys(): Promise<readonly VaultKey[]> {
    this.#assertOpen();
    const { keys } = this.#options;
    const names =
      keys.length > 0 ? [...versionsOf(keys).keys()] : await this.#ask(() => this.#engine.keyNames(keyLimitMs));
    const ours = names.filter((name) => validName.test(name)).sort();
    const found = await Promise.all(ours.map((name) => this.#ask(() => this.#listed(name))));
    return found.filter((key) => key !== undefined);
  }

  async key(name: string): Promise<VaultKey> {
    this.#assertOpen();
    return (await this.#find(name)).facts;
  }

  async signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    this.#assertOpen();
    const key = await this.#find(name);
    const { facts } = key;
    if (keyFamily(facts.type) !== algorithm.keyFamily)
      throw new CaError('policyRefused', `The key ${name} (${facts.type}) cannot sign with ${algorithm.name}.`);
    const gathered = new SignatureGathering({
      ...gathering[algorithm.keyFamily],
      timeLimitMs: this.#options.timeLimitSeconds * 1000,
      signAll: (tbs, limit) => this.#signAll(key, algorithm, tbs, limit),
    });
    this.#gatherings.add(gathered);
    return {
      key: facts,
      algorithm,
      verified: true,
      sign: async (tbs) => {
        const refusal = this.#keyRefusal(key) ?? this.#refusal();
        if (refusal) throw refusal;
        return gathered.sign(tbs);
      },
      refusal: () => this.#refusal(),
    };
  }

  async destroyKey(name: string): Promise<void> {
    this.#assertOpen();
    await this.#find(name);
    await this.#ask(() => this.#engine.destroyKey(name, keyLimitMs));
    this.#keys.delete(name);
  }

  problem(): string | undefined {
    if (this.#closed) return 'closed';
    const open = this.#circuit.refusal();
    if (open) return troubles[open.trouble].sentence;
    if (this.#denied.size === 0) return undefined;
    return `${troubles.denied.sentence}: ${[...this.#denied].join(', ')}`;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#circuit.end();
    clearInterval(this.#looks);
    for (const each of this.#gatherings) each.refuseWaiting(this.#refusal()!);
    this.#keys.clear();
    await this.#check.close();
    await this.#session.close();
  }

  async #signAll(
    key: TransitKey,
    algorithm: SignatureAlgorithm,
    tbs: readonly Uint8Array[],
    timeLimitMs: number,
  ): Promise<readonly (Uint8Array | Error)[]> {
    const outcomes = await this.#ask(async () => {
      try {
        const signatures = await this.#engine.sign(key, { algorithm, tbs }, timeLimitMs);
        this.#denied.delete(key.facts.name);
        return signatures;
      } catch (error) {
        if (error instanceof BaoError && error.trouble === 'denied') this.#denied.add(key.facts.name);
        throw error;
      }
    });
    const refusal = this.#keyRefusal(key);
    if (refusal) throw refusal;
    const checked = outcomes.map((outcome, index) =>
      outcome instanceof Error ? outcome : this.#check.pass(key, algorithm, { tbs: tbs[index]!, signature: outcome }),
    );
    const settled = await Promise.all(checked);
    return settled.map((each) => (each instanceof Error ? this.#told(each) : each));
  }

  /** Every exchange with the backend comes by here: refused at once while it is away, and its failures are counted. */
  async #ask<T>(act: () => Promise<T>): Promise<T> {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
    try {
      return await act();
    } catch (error) {
      if (error instanceof BaoError) this.#circuit.failed(error);
      throw this.#told(error);
    }
  }

  #told(error: unknown): CaError {
    return this.#closed ? closed() : toCaError(this.name, error);
  }

  #refusal(): CaError | undefined {
    if (this.#closed) return closed();
    const open = this.#circuit.refusal();
    return open && toCaError(this.name, open);
  }

  /** A key of this name may be another one by now: an old signer signs no more, nor with its successor. */
  #keyRefusal(key: TransitKey): CaError | undefined {
    if (this.#closed) return closed();
    return this.#keys.get(key.facts.name) === key
      ? undefined
      : new CaError('notFound', 'The vault does not hold this key.');
  }

  #assertOpen(): void {
    if (this.#closed) throw closed();
  }

  async #find(name: string): Promise<TransitKey> {
    if (!validName.test(name)) throw new CaError('notFound', 'The vault does not hold this key.');
    return this.#ask(() => this.#read(name));
  }

  /** Always asks; what was seen before must be seen again. */
  async #read(name: string): Promise<TransitKey> {
    const found = await this.#engine.readKey(name, keyLimitMs);
    const known = this.#keys.get(name);
    if (!known) {
      this.#keys.set(name, found);
      return found;
    }
    if (Buffer.compare(known.facts.publicKeyDer, found.facts.publicKeyDer) === 0) return known;
    throw new BaoError('spoilt', 'the key of this name is another one');
  }

  async #holds(name: string): Promise<boolean> {
    try {
      await this.#engine.readKey(name, keyLimitMs);
      return true;
    } catch (error) {
      if (error instanceof BaoError && error.trouble === 'keyMissing') return false;
      if (error instanceof BaoError && (error.trouble === 'keyUnfit' || error.trouble === 'versionGone')) return true;
      throw error;
    }
  }

  /** Keys for other uses lie beside ours, and are none of ours. */
  async #listed(name: string): Promise<VaultKey | undefined> {
    try {
      return (await this.#read(name)).facts;
    } catch (error) {
      if (error instanceof BaoError && !troubles[error.trouble].opens && error.trouble !== 'denied') return undefined;
      throw error;
    }
  }

  /** A trouble of one key says nothing of the backend, which answered. */
  async #probe(): Promise<void> {
    const [name] = this.#keys.keys();
    try {
      await this.#engine.health(probeLimitMs);
      if (name !== undefined) await this.#engine.readKey(name, probeLimitMs);
    } catch (error) {
      if (!(error instanceof BaoError) || troubles[error.trouble].opens) throw error;
    }
  }

  async #warnOfWidePolicy(): Promise<void> {
    const powers = await findWidePowers(this.#session, this.#options.mount, [...versionsOf(this.#options.keys).keys()]);
    if (powers.length === 0) return;
    const policies = this.#session.policies();
    this.#log.warn({ vault: this.name, policies, powers }, 'the token of a vault may do more than sign');
  }

  #nameTaken(name: string): CaError {
    return new CaError('conflict', `The vault ${this.name} already holds a key named ${name}.`);
  }
}

/** By name; version 1 is what a key is made with, and the only one that is there for certain. */
export function versionsOf(keys: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    keys.map((text) => {
      const [name = '', version = '1'] = text.split(':');
      return [name, Number(version)];
    }),
  );
}

const closed = (): CaError => new CaError('signerUnavailable', 'The vault is closed.');
