/** A vault in OpenBao or HashiCorp Vault: keys of its transit engine, which signs and never gives them away (docs/keys.md). */
import { CaError } from '../../domain/errors.ts';
import { type KeyType, keyFamily } from '../../domain/x509/key-type.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Log } from '../../ports/log.ts';
import type { Signer, Vault, VaultKey } from '../../ports/vault.ts';
import { type BaoSession, openSession, type SessionOptions } from './bao-session.ts';
import { BaoError, toCaError, troubles } from './bao-trouble.ts';
import { Circuit } from './circuit.ts';
import { DeniedKeys } from './denied-keys.ts';
import { SignatureGathering } from './gather-signatures.ts';
import { KnownKeys } from './known-keys.ts';
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

/**
 * Requests at once and signatures in each. A request costs both sides more than an EC signature: two large ones do most. RSA is
 * arithmetic, one after the other within a request: many small ones use all cores.
 */
const gathering = {
  ec: { flights: 2, together: 128 },
  ed25519: { flights: 2, together: 128 },
  rsa: { flights: 8, together: 4 },
} as const;

interface OwnGathering {
  readonly key: TransitKey;
  readonly gathered: SignatureGathering;
}

/** One that is sealed at night is to be known before the first request of the day. */
const betweenLooksMs = 10_000;
/** Nobody waits for a look; a slow answer is one. */
const lookLimitMs = 5000;
/** Text, so that nobody can take it for a certificate, list or answer. */
const probe = Buffer.from('Privyseal probe of a key that was forbidden; no certificate\n');
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
  readonly #keys: KnownKeys;
  readonly #reserved = new Set<string>();
  /** By key and algorithm: all signers of one share it. */
  readonly #gatherings = new Map<string, OwnGathering>();
  readonly #denied = new DeniedKeys();
  #looks: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: OpenBaoOptions, session: BaoSession, log: Log) {
    this.name = options.name;
    this.#options = options;
    this.#session = session;
    this.#log = log;
    this.#engine = new TransitEngine(session, options.mount, versionsOf(options.keys));
    this.#keys = new KnownKeys(this.#engine);
    this.#circuit = new Circuit({
      probe: () => this.#probe(),
      onChange: (trouble) => {
        const fields = { vault: this.name, trouble };
        if (trouble === undefined) return log.info(fields, 'a vault is back');
        log.error(fields, 'a vault is away; nothing is signed with its keys until it is back');
        for (const { gathered } of this.#gatherings.values()) gathered.refuseWaiting(this.#refusal()!);
      },
    });
    session.onNewFiles(() => this.#circuit.tryNow());
  }

  /** Looks now, and again and again, whether the vault works, and now whether its token may do too much. Nobody waits for it. */
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
      const key = await this.#ask(() => this.#keys.create(name, transitType));
      if (!key) throw this.#nameTaken(name);
      return key.facts;
    } finally {
      this.#reserved.delete(name);
    }
  }

  async listKeys(): Promise<readonly VaultKey[]> {
    this.#assertOpen();
    const { keys } = this.#options;
    const names = keys.length > 0 ? [...versionsOf(keys).keys()] : await this.#ask(() => this.#keys.names());
    const ours = names.filter((name) => validName.test(name)).sort();
    const found = await Promise.all(ours.map((name) => this.#ask(() => this.#keys.listed(name))));
    return found.filter((key) => key !== undefined);
  }

  async key(name: string): Promise<VaultKey> {
    this.#assertOpen();
    return (await this.#find(name)).facts;
  }

  async signer(name: string, algorithm: SignatureAlgorithm): Promise<Signer> {
    this.#assertOpen();
    const key = await this.#findToSign(name);
    const { facts } = key;
    if (keyFamily(facts.type) !== algorithm.keyFamily)
      throw new CaError('policyRefused', `The key ${name} (${facts.type}) cannot sign with ${algorithm.name}.`);
    const gathered = this.#gatheringFor(key, algorithm);
    return {
      key: facts,
      algorithm,
      verified: true,
      sign: async (tbs) => {
        const refusal = this.#keyRefusal(key) ?? this.#refusal(name);
        if (refusal) throw refusal;
        return gathered.sign(tbs);
      },
      refusal: () => this.#refusal(name),
    };
  }

  async destroyKey(name: string): Promise<void> {
    this.#assertOpen();
    const isHeld = validName.test(name) && (await this.#ask(() => this.#keys.holdsOurs(name)));
    if (isHeld) await this.#ask(() => this.#keys.destroy(name));
    this.#denied.forget(name);
    if (!isHeld) throw notHeld();
    for (const [id, { key }] of this.#gatherings) if (key.facts.name === name) this.#gatherings.delete(id);
  }

  problem(name?: string): string | undefined {
    if (this.#closed) return 'closed';
    const open = this.#circuit.refusal();
    if (open) return troubles[open.trouble].sentence;
    const denied = this.#denied.names().filter((each) => name === undefined || each === name);
    return denied.length === 0 ? undefined : `${troubles.denied.sentence}: ${denied.join(', ')}`;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#circuit.end();
    this.#denied.end();
    clearInterval(this.#looks);
    for (const { gathered } of this.#gatherings.values()) gathered.refuseWaiting(this.#refusal()!);
    this.#keys.forgetAll();
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
        this.#denied.forget(key.facts.name);
        return signatures;
      } catch (error) {
        this.#ifDenied(error, key.facts.name, () => this.#signAll(key, algorithm, [probe], lookLimitMs));
        throw error;
      }
    });
    const refusal = this.#keyRefusal(key);
    if (refusal) throw refusal;
    const settled = await this.#check.pass(key, algorithm, { tbs, outcomes });
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

  #gatheringFor(key: TransitKey, algorithm: SignatureAlgorithm): SignatureGathering {
    const id = `${key.facts.name} ${algorithm.name}`;
    const own = this.#gatherings.get(id);
    if (own?.key === key) return own.gathered;
    const gathered = new SignatureGathering({
      ...gathering[algorithm.keyFamily],
      timeLimitMs: this.#options.timeLimitSeconds * 1000,
      signAll: (tbs, limit) => this.#signAll(key, algorithm, tbs, limit),
    });
    this.#gatherings.set(id, { key, gathered });
    return gathered;
  }

  /** Asked for again until it is allowed: nobody else may sign with this key for hours, and be told meanwhile that it cannot. */
  #ifDenied(error: unknown, name: string, again: () => Promise<unknown>): void {
    if (!isDenial(error) || this.#closed) return;
    const isNew = this.#denied.add(name, async () => {
      const failure = await again().then(
        () => undefined,
        (cause: unknown) => cause,
      );
      // What is refused for another reason is not forbidden.
      const stays = this.#refusal() !== undefined || isDenial((failure as Error | undefined)?.cause);
      if (!stays) this.#denied.forget(name);
    });
    if (isNew) this.#log.error({ vault: this.name, key: name }, 'a vault forbids to sign with a key');
  }

  /** Of the whole vault, or also of one key. */
  #refusal(name?: string): CaError | undefined {
    if (this.#closed) return closed();
    const open = this.#circuit.refusal();
    if (open) return toCaError(this.name, open);
    if (name === undefined || !this.#denied.isFresh(name)) return undefined;
    return toCaError(this.name, new BaoError('denied', 'refused a moment ago'));
  }

  /** A key of this name may be another one by now: an old signer signs no more, nor with its successor. */
  #keyRefusal(key: TransitKey): CaError | undefined {
    if (this.#closed) return closed();
    return this.#keys.isCurrent(key) ? undefined : notHeld();
  }

  #assertOpen(): void {
    if (this.#closed) throw closed();
  }

  async #find(name: string): Promise<TransitKey> {
    if (!validName.test(name)) throw notHeld();
    return this.#ask(() => this.#keys.read(name));
  }

  /** One that the policy hides is as good as one that it forbids to sign with. */
  async #findToSign(name: string): Promise<TransitKey> {
    try {
      return await this.#find(name);
    } catch (error) {
      this.#ifDenied((error as Error).cause, name, () => this.#find(name));
      throw error;
    }
  }

  /** A trouble of one key says nothing of the backend, which answered. */
  async #probe(): Promise<void> {
    const name = this.#keys.anyName();
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

const isDenial = (error: unknown): boolean => error instanceof BaoError && error.trouble === 'denied';

const notHeld = (): CaError => new CaError('notFound', 'The vault does not hold this key.');

const closed = (): CaError => new CaError('signerUnavailable', 'The vault is closed.');
