/** Which signatures run now, which wait, and which are turned away: bounded, first come first served, with a time limit. */
import { CaError } from '../../domain/errors.ts';

export interface QueueLimits {
  /** Jobs in the thread pool at a time: enough for one wake-up of the event loop to bring several answers, few enough for file access to get its turn. */
  readonly running: number;
  readonly waiting: number;
  /** From the call to the answer, waiting included. */
  readonly timeLimitMs: number;
}

const defaultLimits: QueueLimits = { running: 64, waiting: 4096, timeLimitMs: 10_000 };

interface Job {
  start(): Promise<void>;
  /** Its caller was told that it took too long; it is not worth starting any more. */
  abandoned: boolean;
}

export class SigningQueue {
  readonly #limits: QueueLimits;
  readonly #waiting: Job[] = [];
  #running = 0;

  constructor(limits: QueueLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** What `work` resolves to; `overloaded` at once when the queue is full, `signerUnavailable` when the time is up. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.running && this.#waiting.length >= this.#limits.waiting) throw full();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const job: Job = { abandoned: false, start: () => work().then(resolve, reject) };
    const timer = setTimeout(() => {
      job.abandoned = true;
      reject(late());
    }, this.#limits.timeLimitMs);
    this.#waiting.push(job);
    this.#next();
    return promise.finally(() => clearTimeout(timer));
  }

  /** A job whose time is up keeps its place until it has ended, for its thread is not free before that. */
  #next(): void {
    while (this.#running < this.#limits.running) {
      const job = this.#waiting.shift();
      if (!job) return;
      if (job.abandoned) continue;
      this.#running += 1;
      void job.start().finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }
}

const full = (): CaError =>
  new CaError('overloaded', 'Too many signatures are waiting. Try again in a moment.', { retryAfterSeconds: 1 });

const late = (): CaError =>
  new CaError('signerUnavailable', 'The signature took too long. Try again in a moment.', { retryAfterSeconds: 5 });
