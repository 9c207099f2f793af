/** Gathers what is to be signed with one key while earlier requests are under way, and sends it together; bounded in number and time. */
import { CaError } from '../../domain/errors.ts';

export interface GatherOptions {
  /** Makes the signatures of these inputs in one request, within the time; an Error in the place of one that failed. */
  readonly signAll: (tbs: readonly Uint8Array[], timeLimitMs: number) => Promise<readonly (Uint8Array | Error)[]>;
  /** Requests under way at once. */
  readonly flights: number;
  /** Signatures in one request. */
  readonly together: number;
  readonly timeLimitMs: number;
}

interface Waiting {
  readonly tbs: Uint8Array;
  readonly since: number;
  readonly resolve: (signature: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** As the file vault's queue. */
const mostWaiting = 4096;
/** One request: the server takes 32 MB, and an eighth of it as base64 is quickly read. */
const mostOctetsTogether = 4 * 1024 * 1024;

export class SignatureGathering {
  readonly #options: GatherOptions;
  #waiting: Waiting[] = [];
  #flying = 0;
  #scheduled = false;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  sign(tbs: Uint8Array): Promise<Uint8Array> {
    if (this.#waiting.length >= mostWaiting) throw full();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tbs, since: performance.now(), resolve, reject });
      if (this.#scheduled || !this.#mayFly()) return;
      this.#scheduled = true;
      // What came with one event leaves together, and one that is alone waits for no turn of the event loop.
      process.nextTick(() => {
        this.#scheduled = false;
        this.#next();
      });
    });
  }

  /** Ends the wait of all whose request has not been sent. */
  refuseWaiting(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #next(): void {
    while (this.#mayFly()) {
      this.#flying += 1;
      void this.#fly(this.#take()).finally(() => {
        this.#flying -= 1;
        this.#next();
      });
    }
  }

  #mayFly(): boolean {
    return this.#flying < this.#options.flights && this.#waiting.length > 0;
  }

  #take(): Waiting[] {
    let octets = 0;
    let count = 0;
    const most = Math.min(this.#options.together, this.#waiting.length);
    while (count < most && octets < mostOctetsTogether) octets += this.#waiting[count++]!.tbs.length;
    return this.#waiting.splice(0, count);
  }

  async #fly(taken: readonly Waiting[]): Promise<void> {
    const { timeLimitMs, signAll } = this.#options;
    const now = performance.now();
    const inTime = taken.filter(({ since }) => now - since < timeLimitMs);
    for (const late of taken) if (!inTime.includes(late)) late.reject(tooLate());
    if (inTime.length === 0) return;
    try {
      const outcomes = await signAll(
        inTime.map(({ tbs }) => tbs),
        timeLimitMs,
      );
      for (const [index, { resolve, reject }] of inTime.entries()) {
        const outcome = outcomes[index]!;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      }
    } catch (error) {
      for (const { reject } of inTime) reject(error as Error);
    }
  }
}

const full = (): CaError =>
  new CaError('overloaded', 'Too many signatures are waiting. Try again in a moment.', { retryAfterSeconds: 1 });

const tooLate = (): CaError =>
  new CaError('signerUnavailable', 'The signature took too long. Try again in a moment.', { retryAfterSeconds: 5 });
