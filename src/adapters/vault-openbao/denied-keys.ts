/** Keys that the policy did not let the service sign with when it last asked, each asked for again until it does. */

/** How long one refusal stands for the next ones: each would leave an intent in the inventory. */
const freshMs = 1000;
/** No more often than a refused request may log in anew. */
const betweenTriesMs = 3000;

interface Denial {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly again: () => Promise<void>;
}

export class DeniedKeys {
  readonly #denials = new Map<string, Denial>();
  #timer: NodeJS.Timeout | undefined;

  names(): readonly string[] {
    return [...this.#denials.keys()];
  }

  isFresh(name: string): boolean {
    const denial = this.#denials.get(name);
    return denial !== undefined && performance.now() - denial.at <= freshMs;
  }

  /** `again` never rejects, and forgets the key when it is forbidden no more. Whether it was not known to be. */
  add(name: string, again: () => Promise<void>): boolean {
    const isNew = !this.#denials.has(name);
    this.#denials.set(name, { at: performance.now(), again });
    this.#timer ??= setTimeout(() => void this.#tryAgain(), betweenTriesMs).unref();
    return isNew;
  }

  forget(name: string): void {
    this.#denials.delete(name);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#denials.clear();
  }

  async #tryAgain(): Promise<void> {
    for (const { again } of [...this.#denials.values()]) await again();
    this.#timer = undefined;
    if (this.#denials.size > 0) this.#timer = setTimeout(() => void this.#tryAgain(), betweenTriesMs).unref();
  }
}
