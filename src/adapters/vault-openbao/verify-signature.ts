/** Checks what the backend signed against the public key that was pinned: one at once, crowds on a thread of their own. */
import type { KeyType } from '../../domain/x509/key-type.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { crowdThread } from '../threads/crowd-thread.ts';
import { BaoError } from './bao-trouble.ts';
import type { TransitKey } from './transit-keys.ts';
import { type SignedTogether, verifyAll, verifyAllSoon } from './verify-with-key.ts';

/** So many signatures in one answer are a crowd. */
const crowd = 4;
/** Checked in a tenth of a millisecond: handing one to another thread takes longer than that, for whoever waits for it. */
const quick: ReadonlySet<string> = new Set<KeyType>(['ec-p256', 'ed25519']);

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
    const verdicts = await this.#verdicts({ publicKey, algorithm, signed });
    return outcomes.map((outcome, index) =>
      outcome instanceof Error || verdicts[index] ? outcome : new BaoError('spoilt', 'does not verify'),
    );
  }

  async #verdicts(together: SignedTogether): Promise<readonly boolean[]> {
    const { signed, publicKey } = together;
    if (signed.length === 1 && quick.has(publicKey.keyType)) return verifyAll(together);
    const alone = () => verifyAllSoon(together);
    return signed.length < crowd ? alone() : this.#thread.ask(together, alone);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
