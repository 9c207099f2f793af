/** Whether signatures are of their octets with this key; in two ways that agree. */
import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';

export interface Signed {
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

/** What one request brought. */
export interface SignedTogether {
  readonly publicKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  readonly signed: readonly Signed[];
}

/** In their order, on this thread, for one that has nothing else to do. */
export function verifyAll({ publicKey, algorithm, signed }: SignedTogether): readonly boolean[] {
  const key = parametersOf(publicKey, algorithm);
  return signed.map(({ tbs, signature }) => verify(algorithm.hash, tbs, key, signature));
}

/** On the thread pool. */
export function verifyAllSoon({ publicKey, algorithm, signed }: SignedTogether): Promise<readonly boolean[]> {
  const key = parametersOf(publicKey, algorithm);
  return Promise.all(
    signed.map(
      ({ tbs, signature }) =>
        new Promise<boolean>((done) =>
          verify(algorithm.hash, tbs, key, signature, (error, isGood) => done(error === null && isGood)),
        ),
    ),
  );
}

function parametersOf(publicKey: KeyObject, { pssSaltLength }: SignatureAlgorithm): KeyObject | VerifyKeyObjectInput {
  if (pssSaltLength === undefined) return publicKey;
  return { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pssSaltLength };
}
