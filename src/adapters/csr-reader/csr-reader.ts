/** Reads CSRs on this thread while they come one by one, and on a thread of its own as soon as several come at once. */
import { CaError } from '../../domain/errors.ts';
import { proveCsr } from '../../domain/x509/csr.ts';
import type { CsrReader } from '../../ports/csr-reader.ts';
import { crowdThread } from '../threads/crowd-thread.ts';
import { openDebianWeakKeys } from './debian-weak-keys.ts';
import type { Reading } from './reading-worker.ts';

/** CSRs being read at once; one more is refused. */
const defaultMaximum = 4096;

export function createCsrReader(maximum = defaultMaximum): CsrReader {
  const isKnownWeakKey = openDebianWeakKeys();
  const thread = crowdThread<Uint8Array, Reading>(new URL('./reading-worker.ts', import.meta.url));
  let reading = 0;
  return {
    async read(csrDer) {
      if (reading >= maximum) {
        throw new CaError('overloaded', 'Too many CSRs wait to be read. Try again.', { retryAfterSeconds: 1 });
      }
      reading += 1;
      try {
        // A copy of its own, for the thread would be given the whole buffer that a body is a part of.
        const answer = await thread.ask(Uint8Array.from(csrDer), async () => ({
          csr: await proveCsr(csrDer, isKnownWeakKey),
        }));
        if ('csr' in answer) return answer.csr;
        throw new CaError(answer.code, answer.message, { reasons: answer.reasons });
      } finally {
        reading -= 1;
      }
    },
    close: () => thread.close(),
  };
}
