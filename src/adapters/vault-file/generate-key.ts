/** Fresh key pairs of every KeyType, made on the thread pool: one row a type. */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyType } from '../../domain/x509/key-type.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generate = promisify(generateKeyPair);

const ec = (namedCurve: string) => (): Promise<KeyPair> => generate('ec', { namedCurve });

/** FIPS 186-5 §A.1.1: the exponent everybody accepts. */
const rsa = (modulusLength: number) => (): Promise<KeyPair> =>
  generate('rsa', { modulusLength, publicExponent: 65_537 });

export const generateKey: Readonly<Record<KeyType, () => Promise<KeyPair>>> = {
  'ec-p256': ec('prime256v1'),
  'ec-p384': ec('secp384r1'),
  'ec-p521': ec('secp521r1'),
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
  'rsa-4096': rsa(4096),
  'rsa-6144': rsa(6144),
  'rsa-8192': rsa(8192),
  ed25519: () => generate('ed25519', {}),
};
