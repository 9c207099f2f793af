/** Requests one after another, each on a connection of its own, until they are stopped: what fails while something is done. */
import { type ExchangeOptions, exchange } from './http-exchange.ts';

export interface ConstantRequests {
  /** Resolves when `count` more requests have been answered. */
  more(count: number): Promise<void>;
  /** Waits for those that run. Resolves with how many were answered as expected, and everything else in words. */
  stop(): Promise<{ readonly good: number; readonly failures: readonly string[] }>;
}

export interface RequestTarget {
  readonly url: string;
  /** What is trusted and shown; asked for each request, so it may change. */
  readonly credential: () => Pick<ExchangeOptions, 'ca' | 'cert' | 'key' | 'servername'>;
  /** The body of a good answer. */
  readonly expected: string;
}

export function startRequests({ url, credential, expected }: RequestTarget, atOnce = 3): ConstantRequests {
  let stopped = false;
  let good = 0;
  const failures: string[] = [];
  const ask = async (): Promise<void> => {
    try {
      const { status, body } = await exchange(url, credential());
      if (status === 200 && body.toString() === expected) good++;
      else failures.push(`${status} ${body}`);
    } catch (error) {
      failures.push(String(error));
    }
  };
  const asker = async (): Promise<void> => {
    while (!stopped) await ask();
  };
  const askers = Array.from({ length: atOnce }, asker);
  return {
    async more(count) {
      const target = good + failures.length + count;
      while (good + failures.length < target) await new Promise((turn) => setTimeout(turn, 20));
    },
    async stop() {
      stopped = true;
      await Promise.all(askers);
      return { good, failures };
    },
  };
}
