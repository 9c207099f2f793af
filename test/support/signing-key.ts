/** Key pairs made at run time and a signer over them, standing in for a vault in tests of what is signed. */
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { KeyType } from '../../src/domain/x509/key-type.ts';
import { defaultSignatureAlgorithm, type SignatureAlgorithm } from '../../src/domain/x509/signature-algorithm.ts';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  readonly spkiDer: Uint8Array;
  /** The signatureValue content, as a vault's signer gives it. */
  sign(tbs: Uint8Array): Uint8Array;
}

const curves: Partial<Record<KeyType, string>> = { 'ec-p256': 'P-256', 'ec-p384': 'P-384', 'ec-p521': 'P-521' };

export function makeSigningKey(type: KeyType = 'ec-p256', algorithm = defaultSignatureAlgorithm(type)): SigningKey {
  const privateKey = makePrivateKey(type);
  const { hash, pssSaltLength } = algorithm;
  const pss =
    pssSaltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: pssSaltLength };
  return {
    privateKey,
    algorithm,
    spkiDer: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    sign: (tbs) => sign(hash, tbs, { key: privateKey, ...pss }),
  };
}

function makePrivateKey(type: KeyType): KeyObject {
  const namedCurve = curves[type];
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey;
  if (type === 'ed25519') return generateKeyPairSync('ed25519').privateKey;
  return nextRsaKey(Number(type.slice('rsa-'.length)));
}

/** A key takes a tenth of a second to make, so that each process makes six of a size and gives them in turn: no test needs more that differ. */
const rsaKeys = new Map<number, KeyObject[]>();

function nextRsaKey(modulusLength: number): KeyObject {
  const keys = rsaKeys.get(modulusLength) ?? [];
  const key = keys.length < 6 ? generateKeyPairSync('rsa', { modulusLength }).privateKey : keys.shift()!;
  rsaKeys.set(modulusLength, [...keys, key]);
  return key;
}
