/** The transit engine of one mount: its keys read, made and removed, its signatures asked for, each with its repetitions. */
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { BaoSession } from './bao-session.ts';
import { BaoError } from './bao-trouble.ts';
import { accept } from './judge-answer.ts';
import { readTransitKey, type TransitKey } from './transit-keys.ts';
import { readSignatures, signBody } from './transit-sign.ts';
import { tryAgain } from './try-again.ts';

export interface Signing {
  readonly algorithm: SignatureAlgorithm;
  readonly tbs: readonly Uint8Array[];
}

/** All methods reject with BaoError. Names of keys are checked by whoever calls. */
export class TransitEngine {
  readonly #session: BaoSession;
  readonly #mount: string;
  readonly #versions: ReadonlyMap<string, number>;
  /** Keys whose policy takes one input at a time: one that names the parameters it allows. */
  readonly #oneByOne = new Set<string>();

  constructor(session: BaoSession, mount: string, versions: ReadonlyMap<string, number>) {
    this.#session = session;
    this.#mount = mount;
    this.#versions = versions;
  }

  /** Whether there is an OpenBao that works, sealed ones and those without a token not being such. */
  async health(timeLimitMs: number): Promise<void> {
    await this.#session.standing(timeLimitMs);
  }

  readKey(name: string, timeLimitMs: number): Promise<TransitKey> {
    return tryAgain(timeLimitMs, async (limit) => {
      const answer = await this.#session.send({ method: 'GET', path: this.#path('keys', name), timeLimitMs: limit });
      return readTransitKey(name, this.#versions.get(name) ?? 1, accept(answer, 'key').data);
    });
  }

  async keyNames(timeLimitMs: number): Promise<readonly string[]> {
    return tryAgain(timeLimitMs, async (limit) => {
      const path = `${this.#mount}/keys?list=true`;
      const answer = await this.#session.send({ method: 'GET', path, timeLimitMs: limit });
      const { errors } = answer.json;
      // No keys at all is 404 without a word.
      if (answer.status === 404 && Array.isArray(errors) && errors.length === 0) return [];
      const { keys } = (accept(answer, 'key').data ?? {}) as { keys?: unknown };
      return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
    });
  }

  /** May be repeated: a key that is there stays as it is. */
  async createKey(name: string, type: string, timeLimitMs: number): Promise<void> {
    const body = { type, exportable: false, allow_plaintext_backup: false };
    await tryAgain(timeLimitMs, async (limit) =>
      accept(
        await this.#session.send({ method: 'POST', path: this.#path('keys', name), body, timeLimitMs: limit }),
        'key',
      ),
    );
  }

  async destroyKey(name: string, timeLimitMs: number): Promise<void> {
    const path = this.#path('keys', name);
    const body = { deletion_allowed: true };
    await tryAgain(timeLimitMs, async (limit) => {
      accept(await this.#session.send({ method: 'POST', path: `${path}/config`, body, timeLimitMs: limit }), 'key');
      accept(await this.#session.send({ method: 'DELETE', path, timeLimitMs: limit }), 'key');
    });
  }

  /** In order; an Error in the place of a signature that was not made. */
  async sign(key: TransitKey, signing: Signing, timeLimitMs: number): Promise<readonly (Uint8Array | Error)[]> {
    const { tbs } = signing;
    const { name } = key.facts;
    if (tbs.length === 1 || this.#oneByOne.has(name)) return this.#signEach(key, signing, timeLimitMs);
    try {
      return await this.#signTogether(key, signing, timeLimitMs);
    } catch (error) {
      if (!(error instanceof BaoError) || error.trouble !== 'denied') throw error;
      const signatures = await this.#signEach(key, signing, timeLimitMs);
      if (signatures.some((each) => !(each instanceof Error))) this.#oneByOne.add(name);
      return signatures;
    }
  }

  async #signEach(
    key: TransitKey,
    { algorithm, tbs }: Signing,
    limit: number,
  ): Promise<readonly (Uint8Array | Error)[]> {
    const settled = await Promise.allSettled(
      tbs.map((each) => this.#signTogether(key, { algorithm, tbs: [each] }, limit)),
    );
    const first = settled.find(({ status }) => status === 'rejected');
    if (first && settled.every(({ status }) => status === 'rejected')) throw (first as PromiseRejectedResult).reason;
    return settled.flatMap((each): readonly (Uint8Array | Error)[] =>
      each.status === 'fulfilled' ? each.value : [each.reason as Error],
    );
  }

  #signTogether(key: TransitKey, { algorithm, tbs }: Signing, timeLimitMs: number) {
    const path = this.#path('sign', key.facts.name);
    const body = signBody(key, algorithm, tbs);
    return tryAgain(timeLimitMs, async (limit) => {
      const answer = await this.#session.send({ method: 'POST', path, body, timeLimitMs: limit });
      return readSignatures(accept(answer, 'sign'), key, tbs.length);
    });
  }

  #path(kind: 'keys' | 'sign', name: string): string {
    return `${this.#mount}/${kind}/${name}`;
  }
}
