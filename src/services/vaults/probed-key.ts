/** The key of a generation of an authority opened past all meters, and probes signed with it that must verify with its certificate. */
import { CaError } from '../../domain/errors.ts';
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { parseSubjectPublicKey, type SubjectPublicKey, verifySignature } from '../../domain/x509/public-key.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import { vaultFaultOf } from './find-vault-fault.ts';
import { vaultNamed } from './named-vault.ts';
import type { VaultFault } from './vault-services.ts';
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
  const certified = der && parseCertificate(der).publicKey();
  if (certified) refuseOtherKey(signer, certified.spkiDer);
  return { name, signer, publicKey: certified ?? parseSubjectPublicKey(signer.key.publicKeyDer) };
}

/** Text, so that it can never be taken for a certificate or a list: those begin with the tag of a SEQUENCE. Rejects unless it verifies. */
export async function signProbe({ signer, publicKey, name }: OpenKey, number: number): Promise<void> {
  const tbs = Buffer.from(`Privyseal probe ${number} of the key of ${name}; no certificate\n`);
  const signature = await signer.sign(tbs);
  if (await verifySignature({ tbs, signature, algorithm: signer.algorithm, publicKey })) return;
  throw new CaError('signerUnavailable', 'The signature does not verify with the public key of the authority.');
}

/** Why its vault does not sign with it now; null: a probe was signed, and verified. */
export async function keyFaultOf(deps: ProbedKeyDeps, generation: AuthorityGeneration): Promise<VaultFault | null> {
  try {
    await signProbe(await openKeyOf(deps, generation), 0);
    return null;
  } catch (error) {
    return vaultFaultOf(error);
  }
}
