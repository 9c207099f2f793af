/** Whether signatures are of their octets with one key: on this thread, and on the thread pool. */

import { type SubjectPublicKey, verifySignature, verifySignatureSync } from '../../domain/x509/public-key.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';

export interface Signed {
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

/** What one request brought. */
export interface SignedTogether {
  readonly publicKey: SubjectPublicKey;
  readonly algorithm: SignatureAlgorithm;
  readonly signed: readonly Signed[];
}

/** In their order, on this thread, for one that has nothing else to do. */
export const verifyAll = ({ signed, ...by }: SignedTogether): readonly boolean[] =>
  signed.map((each) => verifySignatureSync({ ...by, ...each }));

/** On the thread pool; what cannot be verified is not good. */
export const verifyAllSoon = ({ signed, ...by }: SignedTogether): Promise<readonly boolean[]> =>
  Promise.all(signed.map((each) => verifySignature({ ...by, ...each }).catch(() => false)));
