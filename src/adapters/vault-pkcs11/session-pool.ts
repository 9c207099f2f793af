/** Sessions for signatures: opened when needed, bounded, lent to one signature at a time, and never lent again after an error. */
import type { SessionHandle } from './cryptoki.ts';
import { ckr } from './cryptoki-numbers.ts';
import { returnValueOf } from './token-fault.ts';

export interface SessionPoolOptions {
  readonly most: number;
  open(): SessionHandle;
  close(session: SessionHandle): void;
}

/** When the token has no session left for us, others have them: asked again after this. */
const retryOpeningMs = 5000;

export class SessionPool {
  readonly #options: SessionPoolOptions;
  readonly #idle: SessionHandle[] = [];
  readonly #waiting: PromiseWithResolvers<SessionHandle>[] = [];
  #lent = 0;
  #fullUntil = 0;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /** First come, first served. Throws what opening threw; that the token is full only if none of ours could come free. */
  async use<T>(work: (session: SessionHandle) => Promise<T>): Promise<T> {
    const asked = Promise.withResolvers<SessionHandle>();
    this.#waiting.push(asked);
    this.#lend();
    const session = await asked.promise;
    try {
      const result = await work(session);
      this.#idle.push(session);
      return result;
    } catch (error) {
      this.#discard(session);
      throw error;
    } finally {
      this.#lent -= 1;
      this.#lend();
    }
  }

  #lend(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (!first) return;
      try {
        const session = this.#idle.pop() ?? this.#open();
        if (!session) return;
        this.#lent += 1;
        first.resolve(session);
      } catch (error) {
        first.reject(error);
      }
      this.#waiting.shift();
    }
  }

  /** Undefined while there can be no further one, but one of ours will come back. */
  #open(): SessionHandle | undefined {
    if (this.#lent >= this.#options.most) return undefined;
    if (this.#lent > 0 && performance.now() < this.#fullUntil) return undefined;
    try {
      return this.#options.open();
    } catch (error) {
      if (returnValueOf(error) !== ckr.sessionCount || this.#lent === 0) throw error;
      this.#fullUntil = performance.now() + retryOpeningMs;
      return undefined;
    }
  }

  /** An operation that failed half-way stays active in its session; only closing ends it. */
  #discard(session: SessionHandle): void {
    try {
      this.#options.close(session);
    } catch {
      // It was gone already.
    }
  }
}
