/** The stores that Java reads, of a key with its chain and of roots: AES-256, HMAC-SHA-256. */
import { type KeyObject, randomBytes } from 'node:crypto';
import { encodeKeyStore, encodeTrustStore } from '../domain/keystore/pkcs12.ts';

export interface KeyWithChain {
  readonly key: KeyObject;
  /** Its own certificate first. */
  readonly chainDer: readonly [Uint8Array, ...Uint8Array[]];
}

/** As encodeKeyStore, with salts of its own. */
export const keyStoreOf = ({ key, chainDer }: KeyWithChain, alias: string, password: string): Uint8Array =>
  encodeKeyStore({
    privateKeyDer: key.export({ type: 'pkcs8', format: 'der' }),
    chainDer,
    alias,
    password,
    macSalt: randomBytes(16),
    keySalt: randomBytes(16),
    keyIv: randomBytes(16),
  });

/** As encodeTrustStore; the aliases are `root-1` and so on. */
export function trustStoreOf(rootsDer: readonly Uint8Array[], password: string): Uint8Array {
  const trusted = rootsDer.map((der, index) => ({ alias: `root-${index + 1}`, der }));
  return encodeTrustStore(trusted, { password, macSalt: randomBytes(16) });
}
