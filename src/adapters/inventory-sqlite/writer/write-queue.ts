/** Gathers acts into batches for the writer, bounds how many may wait, and outlives the death of the writer's thread. */
import { CaError } from '../../../domain/errors.ts';
import type { Act } from '../acts/acts.ts';
import { errorOf } from '../database-error.ts';
import type { StartWriter, Writer } from './writer.ts';
import type { Batch, SettledBatch } from './writer-messages.ts';

/** Acts sent and not answered yet. The writer commits together whatever has arrived, so this bounds how long one commit takes. */
const maximumOnTheWay = 1000;
/** This many are sent before the turn of the event loop ends, so that the writer begins while this thread goes on. */
const enoughToSend = 8;

interface Waiting {
  readonly act: Act;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A batch that was sent and is not answered yet. */
interface InFlight {
  readonly id: number;
  readonly members: readonly Waiting[];
}

export interface WriteQueueOptions {
  /** Acts accepted and not answered yet; one more is refused as `overloaded`. */
  readonly maximumPending: number;
  /** First pause before a lost writer is started again; it doubles up to 100 times this. */
  readonly restartDelayMs: number;
}

export class WriteQueue {
  readonly #start: StartWriter;
  readonly #options: WriteQueueOptions;
  #writer: Writer | undefined;
  #waiting: Waiting[] = [];
  #inFlight: InFlight[] = [];
  #pending = 0;
  #accepted = 0;
  #lastId = 0;
  #scheduled = false;
  #failedStarts = 0;
  #restart: NodeJS.Timeout | undefined;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  private constructor(start: StartWriter, options: WriteQueueOptions) {
    this.#start = start;
    this.#options = options;
  }

  /** Rejects as the start of the writer does. */
  static async open(start: StartWriter, options: WriteQueueOptions): Promise<WriteQueue> {
    const queue = new WriteQueue(start, options);
    await queue.#startWriter();
    return queue;
  }

  /** Resolves to the act's outcome once it is durable. */
  submit(act: Act): Promise<unknown> {
    if (this.#closed) return Promise.reject(new CaError('stopping', 'The service is stopping.'));
    if (!this.#writer) return Promise.reject(lost(undefined));
    if (this.#pending >= this.#options.maximumPending) {
      const message = 'Too many requests wait for the inventory. Try again.';
      return Promise.reject(new CaError('overloaded', message, { retryAfterSeconds: 1 }));
    }
    this.#pending += 1;
    this.#accepted += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ act, resolve, reject });
      this.#schedule();
    });
  }

  /** Acts accepted and not answered yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Acts accepted since it was opened. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Finishes what was accepted, calls `beforeStop`, then stops the writer. */
  async close(beforeStop: () => Promise<void>): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    if (this.#pending > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    await beforeStop();
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.stop();
  }

  /** If the queue was closed while the writer started, that is stopped again. */
  async #startWriter(): Promise<void> {
    const writer = await this.#start(
      { settled: (batches) => this.#settle(batches), lost: (last, cause) => this.#lose(last, cause) },
      this.#lastId,
    );
    if (this.#closed) return writer.stop();
    this.#writer = writer;
    this.#failedStarts = 0;
  }

  /** Acts that were sent and are not answered yet. */
  get #onTheWay(): number {
    return this.#pending - this.#waiting.length;
  }

  /** At the end of the event loop's turn, so that the few that a turn brought leave in one message. */
  #schedule(): void {
    if (this.#onTheWay >= maximumOnTheWay) return;
    if (this.#waiting.length >= enoughToSend) this.#send();
    else this.#sendSoon();
  }

  #sendSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (!this.#writer) return;
    const members = this.#waiting.splice(0, maximumOnTheWay - this.#onTheWay);
    if (members.length > 0) this.#post(this.#writer, members);
  }

  #post(writer: Writer, members: readonly Waiting[]): void {
    const batch: Batch = { id: (this.#lastId + 1) | 0, acts: members.map(({ act }) => act) };
    try {
      writer.post(batch);
    } catch (cause) {
      // Something in it is no plain value: alone, that act fails alone.
      if (members.length > 1) for (const member of members) this.#post(writer, [member]);
      else this.#finish(members, (member) => member.reject(unsendable(cause)));
      return;
    }
    this.#lastId = batch.id;
    this.#inFlight.push({ id: batch.id, members });
  }

  #settle(batches: readonly SettledBatch[]): void {
    for (const { id, values, failures } of batches) {
      const index = this.#inFlight.findIndex((batch) => batch.id === id);
      const [batch] = this.#inFlight.splice(index, 1);
      const failed = new Map(failures);
      this.#finish(batch!.members, (member, at) => {
        const failure = failed.get(at);
        if (failure) member.reject(errorOf(failure));
        else member.resolve(values[at]);
      });
    }
    if (this.#waiting.length > 0) this.#schedule();
  }

  #lose(lastBegun: number, cause: unknown): void {
    this.#writer = undefined;
    for (const { id, members } of this.#inFlight.splice(0)) {
      // Ids wrap around: the sign of their difference says which came first.
      const begun = ((id - lastBegun) | 0) <= 0;
      this.#finish(members, (member) => member.reject(begun ? unanswered(cause) : lost(cause)));
    }
    this.#finish(this.#waiting.splice(0), (member) => member.reject(lost(cause)));
    this.#restartLater();
  }

  /** Until it succeeds, ever more slowly. */
  #restartLater(): void {
    if (this.#closed) return;
    const delay = this.#options.restartDelayMs * Math.min(2 ** this.#failedStarts, 100);
    this.#failedStarts += 1;
    this.#restart = setTimeout(() => {
      this.#startWriter().catch(() => this.#restartLater());
    }, delay);
  }

  /** Lowers the count before telling anybody, so that whoever submits the next act finds room. */
  #finish(members: readonly Waiting[], tell: (member: Waiting, index: number) => void): void {
    this.#pending -= members.length;
    members.forEach(tell);
    if (this.#pending === 0) this.#whenIdle?.();
  }
}

const lost = (cause: unknown): CaError =>
  new CaError('inventoryUnavailable', 'The inventory’s writer is starting again; nothing was done. Try again.', {
    retryAfterSeconds: 1,
    cause,
  });

/** Not `inventoryUnavailable`, which would promise that nothing was done: it may have died after the commit. */
const unanswered = (cause: unknown): CaError =>
  new CaError('serverInternal', 'The inventory’s writer died; it is not known whether this was recorded.', { cause });

const unsendable = (cause: unknown): CaError =>
  new CaError('serverInternal', 'The inventory was given no plain value.', { cause });
