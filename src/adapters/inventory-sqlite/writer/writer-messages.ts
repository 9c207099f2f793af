/** What passes between the main thread and the writer thread: plain values, a batch at a time. */
import type { StartErrorCode } from '../../../domain/errors.ts';
import type { Act } from '../acts/acts.ts';
import type { ConnectionOptions } from '../connection.ts';
import type { Failure } from '../database-error.ts';

export interface Batch {
  /** 32 bits, growing by one, wrapping around. */
  readonly id: number;
  readonly acts: readonly Act[];
}

export type ToWriter = Batch | 'close';

/** The fate of one batch: the values of its acts in order, and which of them failed instead. */
export interface SettledBatch {
  readonly id: number;
  readonly values: readonly unknown[];
  readonly failures: readonly (readonly [index: number, failure: Failure])[];
}

export type FromWriter =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unopened'; readonly code: StartErrorCode | undefined; readonly message: string }
  | { readonly kind: 'settled'; readonly batches: readonly SettledBatch[] };

export interface WriterData extends ConnectionOptions {
  /** One Int32: the id of the last batch the thread has begun, known even when it dies before it can say so. */
  readonly lastBegun: SharedArrayBuffer;
}
