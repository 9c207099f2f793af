/** One checked signature with a key in memory, made and verified on the thread pool. */
import { constants, type KeyObject, type SignKeyObjectInput, sign } from 'node:crypto';
import { CaError } from '../../domain/errors.ts';
import { type SignedBytes, verifySignature, verifySignatureSync } from '../../domain/x509/public-key.ts';
import type { SignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { KeyPair } from './generate-key.ts';

/**
 * ECDSA as DER, RSA and Ed25519 as raw octets, verified before anybody sees them: an RSA or Ed25519 signature that a fault
 * has spoilt can give the key away, and a spoilt ECDSA signature would be a certificate that nobody accepts. It costs P-256
 * three times the signature: ADR 0005 has the figures.
 */
export async function signWithKey(pair: KeyPair, algorithm: SignatureAlgorithm, tbs: Uint8Array): Promise<Uint8Array> {
  const signature = await signOnce(pair.privateKey, algorithm, tbs);
  if (await verifySignature(signedBy(pair, algorithm, { tbs, signature }))) return signature;
  throw spoilt();
}

/** For what lives for minutes and is recorded nowhere, as OCSP answers are: verified only where a spoilt one gives the key away. */
export async function signBrieflyWithKey(
  pair: KeyPair,
  algorithm: SignatureAlgorithm,
  tbs: Uint8Array,
): Promise<Uint8Array> {
  if (algorithm.keyFamily !== 'ec') return signWithKey(pair, algorithm, tbs);
  return signOnce(pair.privateKey, algorithm, tbs);
}

/**
 * RFC 4055 §3.1: the salt is as long as the hash; node:crypto takes MGF1's hash from the hash. Without parameters the bare
 * KeyObject: `{ key }` means the same, and costs 30 us more of the event loop's time for every call (Node 24.21).
 */
function parametersOf(key: KeyObject, { pssSaltLength }: SignatureAlgorithm): KeyObject | SignKeyObjectInput {
  if (pssSaltLength === undefined) return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pssSaltLength };
}

/** The same on this thread, for one that has nothing else to do. */
export function signWithKeySync(pair: KeyPair, algorithm: SignatureAlgorithm, tbs: Uint8Array): Uint8Array {
  const signature = sign(algorithm.hash, tbs, parametersOf(pair.privateKey, algorithm));
  if (verifySignatureSync(signedBy(pair, algorithm, { tbs, signature }))) return signature;
  throw spoilt();
}

function signOnce(key: KeyObject, algorithm: SignatureAlgorithm, tbs: Uint8Array): Promise<Uint8Array> {
  return new Promise((done, failed) =>
    sign(algorithm.hash, tbs, parametersOf(key, algorithm), (error, signature) =>
      error ? failed(notSigned(error)) : done(signature),
    ),
  );
}

const signedBy = (
  { publicKey: keyObject }: KeyPair,
  algorithm: SignatureAlgorithm,
  signed: Pick<SignedBytes, 'tbs' | 'signature'>,
): SignedBytes => ({ ...signed, algorithm, publicKey: { family: algorithm.keyFamily, keyObject } });

const spoilt = (): CaError =>
  new CaError('signerUnavailable', 'A signature did not verify and was thrown away: suspect this machine’s memory.');

const notSigned = (cause: Error): CaError => new CaError('signerUnavailable', 'The key could not sign.', { cause });
