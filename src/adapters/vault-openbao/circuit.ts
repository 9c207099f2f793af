/** Circuit breaker: while a backend is away callers are refused at once, and a probe in the background finds out when it is back. */
import { BaoError, type Trouble, troubles } from './bao-trouble.ts';

export interface CircuitOptions {
  /** Resolves when the backend does its work again. */
  readonly probe: () => Promise<void>;
  /** Called when it opens and when it closes. */
  readonly onChange: (trouble: Trouble | undefined) => void;
}

/** Backends come back by themselves or by an operator at the console: issuing is to go on within two seconds. */
const fastMs = 500;
/** Settings and credentials are mended by people; login attempts that fail may lock accounts. */
const slowFirstMs = 2000;
const slowMostMs = 30_000;

export class Circuit {
  readonly #options: CircuitOptions;
  #open: { readonly error: BaoError; wait: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #probing = false;
  #again = false;
  #closed = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  /** What requests are refused with while it is open. */
  refusal(): BaoError | undefined {
    return this.#open?.error;
  }

  /** Judges a failure that repetitions did not mend. */
  failed(error: BaoError): void {
    const { opens } = troubles[error.trouble];
    if (!opens || this.#open || this.#closed) return;
    this.#open = { error, wait: opens === 'fast' ? fastMs : slowFirstMs };
    this.#options.onChange(error.trouble);
    this.#probeLater();
  }

  /** People just changed what it may have failed for: no need to wait until the next probe, nor long for those after it. */
  tryNow(): void {
    if (!this.#open || this.#closed) return;
    this.#open.wait = troubles[this.#open.error.trouble].opens === 'fast' ? fastMs : slowFirstMs;
    if (this.#probing) {
      // It may have begun before the change.
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    void this.#probe();
  }

  end(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #probeLater(): void {
    const open = this.#open;
    if (!open || this.#closed) return;
    this.#timer = setTimeout(() => void this.#probe(), open.wait * (0.75 + Math.random() / 2)).unref();
  }

  async #probe(): Promise<void> {
    this.#probing = true;
    this.#again = false;
    try {
      await this.#options.probe();
      this.#open = undefined;
      if (!this.#closed) this.#options.onChange(undefined);
    } catch (error) {
      this.#remember(error);
    }
    this.#probing = false;
    if (this.#again) this.tryNow();
    else this.#probeLater();
  }

  /** A backend that was down and now is sealed says so. */
  #remember(error: unknown): void {
    if (!this.#open || !(error instanceof BaoError)) return;
    const { opens } = troubles[error.trouble];
    const wait = opens === 'fast' ? fastMs : Math.min(Math.max(this.#open.wait * 2, slowFirstMs), slowMostMs);
    const changed = error.trouble !== this.#open.error.trouble;
    this.#open = { error, wait };
    if (changed && !this.#closed) this.#options.onChange(error.trouble);
  }
}
