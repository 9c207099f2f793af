/** Checks what the backend signed against the public key that was pinned: on a thread of its own when signatures come in crowds. */

import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import { crowdThread } from '../threads/crowd-thread.ts';
import { BaoError } from './bao-trouble.ts';
import type { TransitKey } from './transit-keys.ts';
import { type Signed, verifySignedSoon } from './verify-with-key.ts';

export class SignatureCheck {
  readonly #thread = crowdThread<Signed, boolean>(new URL('./verifying-worker.ts', import.meta.url));

  /** The signature itself, or why it is none: rotated, replaced or spoilt, it must not get into a certificate. */
  async pass(
    { publicKey }: TransitKey,
    algorithm: SignatureAlgorithm,
    { tbs, signature }: { readonly tbs: Uint8Array; readonly signature: Uint8Array },
  ): Promise<Uint8Array | BaoError> {
    const signed: Signed = { publicKey, algorithm, tbs, signature };
    const isGood = await this.#thread.ask(signed, () => verifySignedSoon(signed));
    return isGood ? signature : new BaoError('spoilt', 'does not verify');
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
