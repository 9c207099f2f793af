/** Opens the keys of authorities in their vaults: each verified against its certificate, or a stand-in where nobody can use it. */
import { CaError } from '../../domain/errors.ts';
import type { Authority } from '../../domain/records/environment.ts';
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import type { SigningMeter } from '../metrics/meter-signing.ts';
import { vaultNamed } from '../vaults/named-vault.ts';
import { openNowOrLater } from '../vaults/open-later.ts';
import { verifiedSigner } from '../vaults/verified-signer.ts';
import { destroyedSigner, isGone, lostSigner } from './stand-in-signers.ts';

export interface OpenSignersDeps {
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly signing: SigningMeter;
}

interface Certified {
  readonly authority: Authority;
  readonly generation: AuthorityGeneration;
}

/** Of an authority without a certificate yet: the key that the vault holds now is the one that gets certified. */
export async function openUncertified({ vaults, signing }: OpenSignersDeps, authority: Authority): Promise<Signer> {
  const algorithm = signatureAlgorithms[authority.signatureAlgorithm];
  const signer = await vaultNamed(vaults, authority.vault).signer(authority.vaultKey, algorithm);
  return signing.signer(authority.name, verifiedSigner(signer, signer.key.publicKeyDer));
}

/**
 * Of a generation with a certificate, for the key in it. A stand-in for one that is lost, refused or destroyed; rejects for a vault
 * that there is not, unless the generation is retired or compromised.
 */
export async function openCertified(
  deps: OpenSignersDeps,
  { authority, generation }: Certified,
  publicKeyDer: Uint8Array,
): Promise<Signer> {
  if (generation.phase !== 'retired') return openOrLost(deps, { authority, generation }, publicKeyDer);
  // The key of a retired one may be gone, recorded or not, and its vault with it: what it signed is still served.
  const destroyed = destroyedSigner(authority, publicKeyDer);
  if (generation.keyDestroyedAt !== null || !deps.vaults.has(authority.vault)) return destroyed;
  const signer = await openOrLost(deps, { authority, generation }, publicKeyDer);
  return isGone(signer) ? destroyed : signer;
}

/**
 * A vault that lost a key, exchanged or refuses it keeps nobody else from going on, and the authority can be replaced. So does one
 * that is not configured, once nobody is to use the key: it may have been stolen with its device.
 */
async function openOrLost(
  deps: OpenSignersDeps,
  { authority, generation }: Certified,
  publicKeyDer: Uint8Array,
): Promise<Signer> {
  try {
    return await openVerified(deps, authority, publicKeyDer);
  } catch (error) {
    const mayBeMissed = generation.isCompromised || deps.vaults.has(authority.vault);
    if (error instanceof CaError && mayBeMissed) return lostSigner({ authority, generation }, publicKeyDer, error);
    throw error;
  }
}

async function openVerified(
  { vaults, signing }: OpenSignersDeps,
  { name, vault: vaultName, vaultKey, keyType, signatureAlgorithm }: Authority,
  publicKeyDer: Uint8Array,
): Promise<Signer> {
  const vault = vaultNamed(vaults, vaultName);
  const algorithm = signatureAlgorithms[signatureAlgorithm];
  const key = { name: vaultKey, type: keyType, publicKeyDer };
  const open = async (): Promise<Signer> => verifiedSigner(await vault.signer(vaultKey, algorithm), publicKeyDer);
  return signing.signer(name, await openNowOrLater(vault, { key, algorithm }, open));
}
