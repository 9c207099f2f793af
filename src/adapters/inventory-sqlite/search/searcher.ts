/** What those who wait for searches know of who answers them. */
import type { SearchAnswer, SearchRequest } from './search-messages.ts';

export interface SearcherEvents {
  answered(answer: SearchAnswer): void;
  /** It ended, by itself or as it was asked to: nothing that was asked is answered any more. */
  ended(cause: unknown): void;
}

/** Answers one request after the other, in a thread of its own or not. */
export interface Searcher {
  /** Memory among the arguments is handed over, not copied. */
  ask(request: SearchRequest): void;
  /** After the last answer. Resolves when the database is closed and nothing of it runs. */
  end(): Promise<void>;
  /** Without coming to the end of what was asked. */
  terminate(): Promise<void>;
}

export type StartSearcher = (events: SearcherEvents) => Searcher;

/** Memory among what is sent, which goes with it. */
export const memoryAmong = (values: readonly unknown[]): ArrayBuffer[] =>
  values.filter((value) => value instanceof ArrayBuffer);
