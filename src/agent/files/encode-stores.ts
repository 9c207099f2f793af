/** The stores that Java reads, of a set: AES-256, HMAC-SHA-256. Loaded only where a target wants them. */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { encodeKeyStore, encodeTrustStore } from '../../domain/keystore/pkcs12.ts';
import { type CredentialSet, derOf } from './credential-set.ts';

export function keyStoreOf(set: CredentialSet, alias: string): Uint8Array {
  const [own] = derOf(set.certPem);
  return encodeKeyStore({
    privateKeyDer: createPrivateKey(set.keyPem).export({ type: 'pkcs8', format: 'der' }),
    chainDer: [own!, ...derOf(set.chainPem)],
    alias,
    password: set.storePassword,
    macSalt: randomBytes(16),
    keySalt: randomBytes(16),
    keyIv: randomBytes(16),
  });
}

export function trustStoreOf({ trustPem, storePassword }: CredentialSet): Uint8Array {
  const trusted = derOf(trustPem).map((der, index) => ({ alias: `root-${index + 1}`, der }));
  return encodeTrustStore(trusted, { password: storePassword, macSalt: randomBytes(16) });
}
