/** The key of a generation of an authority opened past all meters, beside the public key that its signatures must verify with. */
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { parseSubjectPublicKey, type SubjectPublicKey } from '../../domain/x509/public-key.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import { vaultNamed } from './named-vault.ts';
import { refuseOtherKey } from './verified-signer.ts';

export interface OpenKey {
  /** Of the authority. */
  readonly name: string;
  readonly signer: Signer;
  /** The one in its certificate; before it has one, what the vault says. */
  readonly publicKey: SubjectPublicKey;
}

export interface ProbedKeyDeps {
  readonly inventory: Pick<Inventory, 'certificateDer'>;
  readonly vaults: ReadonlyMap<string, Vault>;
}

/** Throws CaError `signerUnavailable`, also when the vault holds another key under this name than was certified. */
export async function openKeyOf(
  { inventory, vaults }: ProbedKeyDeps,
  generation: AuthorityGeneration,
): Promise<OpenKey> {
  const { authority: name, vault: vaultName, vaultKey, certificateSerial } = generation;
  const vault = vaultNamed(vaults, vaultName);
  const signer = await vault.signer(vaultKey, signatureAlgorithms[generation.signatureAlgorithm]);
  const der = certificateSerial === null ? undefined : await inventory.certificateDer(certificateSerial);
  const certified = der && parseCertificate(der).publicKey;
  if (certified) refuseOtherKey(signer, certified.spkiDer);
  return { name, signer, publicKey: certified ?? parseSubjectPublicKey(signer.key.publicKeyDer) };
}
