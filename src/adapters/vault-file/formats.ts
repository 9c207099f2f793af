/** What the two kinds of sealed files hold: `<name>.key.json` a private key, `vault.json` a known text that proves the passphrase. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type KeyType, keyTypes } from '../../domain/x509/key-type.ts';
import type { VaultKey } from '../../ports/vault.ts';
import type { KeyPair } from './generate-key.ts';
import type { KeyDerivation } from './key-derivation.ts';
import { type SealedFile, seal, unseal } from './sealed-file.ts';

export const keyFileSuffix = '.key.json';
export const checkFileName = 'vault.json';

export const keyHeaderFields = ['format', 'name', 'type', 'publicKey'] as const;
export const checkHeaderFields = ['format'] as const;
const keyFormat = 'privyseal-key/1';
const checkFormat = 'privyseal-vault/1';

/** A secret of no value, sealed so that opening it proves the passphrase. */
const knownText = Buffer.from('privyseal vault');

/** The key that seals all new files of a vault, and where it comes from. */
export interface WrappingKey {
  readonly key: KeyObject;
  readonly kdf: KeyDerivation;
}

/** A key as it is held in memory; node:crypto prints nothing of a KeyObject. */
export interface OpenKey extends KeyPair {
  readonly facts: VaultKey;
}

export function sealCheck({ key, kdf }: WrappingKey, nonce: Uint8Array): SealedFile {
  return seal(knownText, key, { header: { format: checkFormat }, kdf, nonce });
}

export function checkOpens(file: SealedFile, key: KeyObject): boolean {
  return file.header.format === checkFormat && unseal(file, key)?.equals(knownText) === true;
}

export function sealKey({ facts, privateKey }: OpenKey, { key, kdf }: WrappingKey, nonce: Uint8Array): SealedFile {
  const publicKey = Buffer.from(facts.publicKeyDer).toString('base64');
  const header = { format: keyFormat, name: facts.name, type: facts.type, publicKey };
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' });
  try {
    return seal(pkcs8, key, { header, kdf, nonce });
  } finally {
    pkcs8.fill(0);
  }
}

/** The key of a file; undefined when it does not open, or is not the private half of the public key beside it. */
export function unsealKey(file: SealedFile, key: KeyObject): OpenKey | undefined {
  const { format, name = '', type, publicKey: spki = '' } = file.header;
  const pkcs8 = format === keyFormat && isKeyType(type) ? unseal(file, key) : undefined;
  if (!pkcs8 || !isKeyType(type)) return undefined;
  try {
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(privateKey);
    const publicKeyDer = publicKey.export({ format: 'der', type: 'spki' });
    if (publicKeyDer.toString('base64') !== spki) return undefined;
    return { facts: { name, type, publicKeyDer }, privateKey, publicKey };
  } finally {
    pkcs8.fill(0);
  }
}

const isKeyType = (text: string | undefined): text is KeyType => keyTypes.some((type) => type === text);
