/** Whether one signature is of these octets with this key; in two ways that agree. */
import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';

export interface Signed {
  readonly publicKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
}

const keyOf = ({ publicKey, algorithm: { pssSaltLength } }: Signed): KeyObject | VerifyKeyObjectInput =>
  pssSaltLength === undefined
    ? publicKey
    : { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pssSaltLength };

/** On this thread, for one that has nothing else to do. */
export const verifySigned = (signed: Signed): boolean =>
  verify(signed.algorithm.hash, signed.tbs, keyOf(signed), signed.signature);

/** On the thread pool. */
export function verifySignedSoon(signed: Signed): Promise<boolean> {
  const { algorithm, tbs, signature } = signed;
  return new Promise((done) =>
    verify(algorithm.hash, tbs, keyOf(signed), signature, (error, isGood) => done(error === null && isGood)),
  );
}
