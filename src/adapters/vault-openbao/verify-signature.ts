/** Checks what the backend signed against the public key that was pinned: on a thread of its own when signatures come in crowds. */
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { crowdThread } from '../threads/crowd-thread.ts';
import { BaoError } from './bao-trouble.ts';
import type { TransitKey } from './transit-keys.ts';
import { type SignedTogether, verifyAllSoon } from './verify-with-key.ts';

/** So many signatures in one answer are a crowd. */
const crowd = 4;

export class SignatureCheck {
  readonly #thread = crowdThread<SignedTogether, readonly boolean[]>(
    new URL('./verifying-worker.ts', import.meta.url),
    {
      threadFrom: 1,
      idleMs: 30_000,
    },
  );

  /** Each outcome, or why it is none: rotated, replaced or spoilt, it must not get into a certificate. */
  async pass(
    { publicKey }: TransitKey,
    algorithm: SignatureAlgorithm,
    { tbs, outcomes }: { readonly tbs: readonly Uint8Array[]; readonly outcomes: readonly (Uint8Array | Error)[] },
  ): Promise<readonly (Uint8Array | Error)[]> {
    const signed = outcomes.map((outcome, index) => ({
      tbs: tbs[index]!,
      // What was not signed verifies as little as no octets at all.
      signature: outcome instanceof Error ? new Uint8Array() : outcome,
    }));
    const together: SignedTogether = { publicKey, algorithm, signed };
    const alone = () => verifyAllSoon(together);
    const verdicts = signed.length < crowd ? await alone() : await this.#thread.ask(together, alone);
    return outcomes.map((outcome, index) =>
      outcome instanceof Error || verdicts[index] ? outcome : new BaoError('spoilt', 'does not verify'),
    );
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
