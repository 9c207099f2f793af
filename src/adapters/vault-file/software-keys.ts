/** Key pairs that live in memory only (ports/key-pairs.ts), made and used by the same node:crypto code as the vault's. */
import { CaError } from '../../domain/errors.ts';
import { defaultSignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { KeyPairs } from '../../ports/key-pairs.ts';
import { SigningQueue } from '../threads/signing-queue.ts';
import { generateKey, type KeyPair } from './generate-key.ts';
import { signBrieflyWithKey } from './sign-with-key.ts';

const publicKeyDer = ({ publicKey }: KeyPair): Uint8Array => publicKey.export({ type: 'spki', format: 'der' });

export function createSoftwareKeys(): KeyPairs {
  const queue = new SigningQueue();
  return {
    async exportable(type) {
      const pair = await generateKey[type]();
      const privateKeyPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
      if (typeof privateKeyPem !== 'string') throw new CaError('serverInternal', 'The key was not exported as PEM.');
      return { privateKeyPem, publicKeyDer: publicKeyDer(pair) };
    },
    async session(name, type) {
      const pair = await generateKey[type]();
      const algorithm = defaultSignatureAlgorithm(type);
      return {
        key: { name, type, publicKeyDer: publicKeyDer(pair) },
        algorithm,
        sign: (tbs) => queue.run(() => signBrieflyWithKey(pair, algorithm, tbs)),
      };
    },
  };
}
