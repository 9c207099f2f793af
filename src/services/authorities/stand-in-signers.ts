/** Signers that stand for keys which nobody can use: what was signed with them is still read and served. */
import { CaError } from '../../domain/errors.ts';
import type { Authority } from '../../domain/records/environment.ts';
import type { AuthorityGeneration, GenerationPhase } from '../../domain/records/generation.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { Signer } from '../../ports/vault.ts';

/** With why each cannot be used. */
const lostSigners = new WeakMap<Signer, CaError>();
const destroyedSigners = new WeakSet<Signer>();

/** Whether it stands for a key that its vault does not hold although it should, or does not let anybody use. */
export const isLost = (signer: Signer): boolean => lostSigners.has(signer);

/** Whether its vault does not hold it at all. */
export const isGone = (signer: Signer): boolean => lostSigners.get(signer)?.code === 'notFound';

/** Whether it stands for a key that a retired generation has no more. */
export const isDestroyed = (signer: Signer): boolean => destroyedSigners.has(signer);

interface Lost {
  readonly authority: Authority;
  readonly generation: Pick<AuthorityGeneration, 'phase'>;
}

/** Stands for a key that its vault lost: what it signed can still be read and served, and nothing more is signed. */
export function lostSigner({ authority, generation }: Lost, publicKeyDer: Uint8Array, cause: CaError): Signer {
  const { name, vault, vaultKey, keyType, signatureAlgorithm } = authority;
  const gone = `The vault ${vault} does not hold ${vaultKey}, the key of ${name}. Put it back from a backup of the vault`;
  const unusable = `The key of ${name} cannot be used: ${cause.message} Put that right`;
  const message = `${cause.code === 'notFound' ? gone : unusable} and start again${instead(name, generation.phase)}.`;
  const refusal = new CaError('signerUnavailable', message, { cause });
  const signer: Signer = {
    key: { name: vaultKey, type: keyType, publicKeyDer },
    algorithm: signatureAlgorithms[signatureAlgorithm],
    refusal: () => refusal,
    sign: async () => {
      throw refusal;
    },
  };
  lostSigners.set(signer, cause);
  return signer;
}

/** What can be done without the key. */
function instead(name: string, phase: GenerationPhase): string {
  if (phase === 'coming') return `, or give the rotation up: \`authority rotate abandon ${name}\``;
  if (phase === 'outgoing')
    return `, or end the rotation: \`authority rotate status ${name}\` says what that waits for`;
  // Without the key of `system` no service runs that could replace it.
  return name === 'system' ? '' : `, or replace the authority: \`authority compromise ${name}\``;
}

/** Stands for a key that is gone: what it signed can still be read and served. */
export function destroyedSigner(
  { name, vaultKey, keyType, signatureAlgorithm }: Authority,
  publicKeyDer: Uint8Array,
): Signer {
  const signer: Signer = {
    key: { name: vaultKey, type: keyType, publicKeyDer },
    algorithm: signatureAlgorithms[signatureAlgorithm],
    sign: async () => {
      throw new CaError('signerUnavailable', `The key ${vaultKey} of ${name} was destroyed when it was retired.`);
    },
  };
  destroyedSigners.add(signer);
  return signer;
}
