/** The one place where signatures of authorities are verified before anything is made of them: no vault is believed. */
import { CaError } from '../../domain/errors.ts';
import { parseSubjectPublicKey, verifySignature } from '../../domain/x509/public-key.ts';
import type { Signer } from '../../ports/vault.ts';

/**
 * A signer whose signatures verify with the key of these octets (SubjectPublicKeyInfo), which is the one in the certificate:
 * a vault that holds another key under the name, or makes a wrong signature, is `signerUnavailable`. Adapters that verify
 * where it costs less say so (`Signer.verified`) and are not asked twice. ADR 0005 has what it costs.
 */
export function verifiedSigner(signer: Signer, certifiedKeyDer: Uint8Array): Signer {
  refuseOtherKey(signer, certifiedKeyDer);
  const { key, algorithm, verified } = signer;
  if (verified) return signer;
  const publicKey = parseSubjectPublicKey(certifiedKeyDer);
  return {
    ...signer,
    verified: true,
    async sign(tbs) {
      const signature = await signer.sign(tbs);
      if (await verifySignature({ tbs, signature, algorithm, publicKey })) return signature;
      throw new CaError('signerUnavailable', `The vault made a signature with ${key.name} that does not verify.`);
    },
  };
}

/** Throws `signerUnavailable` when the vault holds another key under this name than was certified. */
export function refuseOtherKey({ key }: Signer, certifiedKeyDer: Uint8Array): void {
  if (Buffer.compare(key.publicKeyDer, certifiedKeyDer) === 0) return;
  throw new CaError('signerUnavailable', `The key ${key.name} in its vault is not the one that was certified.`);
}
