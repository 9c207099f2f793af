/** What all targets of one file ask the service for as nobody in particular: one connection, and answers that serve several. */
import type { PrivysealClient } from '../client/client.ts';
import type { AgentFile } from './config/agent-schema.ts';
import { serviceTrust } from './trust/service-trust.ts';

export interface AnonymousAccess {
  anonymous(): Promise<PrivysealClient>;
  /** The answer of `ask` from before, while it is fresh; those who ask at the same time share one. */
  fresh<Answer>(key: string, ask: () => Promise<Answer>): Promise<Answer>;
  close(): Promise<void>;
}

interface Kept {
  readonly at: number;
  readonly answer: Promise<unknown>;
}

/** Each client brings TLS contexts of its own, whose memory is given back late: one for all keeps the agent small. */
export function openAnonymousAccess(file: AgentFile, freshMs: number): AnonymousAccess {
  const kept = new Map<string, Kept>();
  let known: { readonly caPem: string; readonly client: PrivysealClient } | undefined;
  return {
    async anonymous() {
      const caPem = await serviceTrust(file);
      if (known?.caPem !== caPem) {
        const { connect } = await import('../client/client.ts');
        // Whoever is still using it ends what it has begun.
        void known?.client.close();
        known = { caPem, client: connect({ baseUrl: file.service.url, caPem }) };
      }
      return known.client;
    },
    fresh<Answer>(key: string, ask: () => Promise<Answer>) {
      const before = kept.get(key);
      if (before && performance.now() - before.at < freshMs) return before.answer as Promise<Answer>;
      const answer = ask();
      kept.set(key, { at: performance.now(), answer });
      // A failure is nobody else's.
      answer.catch(() => kept.get(key)?.answer === answer && kept.delete(key));
      return answer;
    },
    close: async () => {
      await known?.client.close();
    },
  };
}
