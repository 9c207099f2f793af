/** The delegated OCSP responders (RFC 6960 §4.2.2.2): a session key and a short certificate for each generation of an authority. */

import { CaError } from '../../domain/errors.ts';
import { recipes } from '../../domain/policy/service-profiles.ts';
import { parseCertificate } from '../../domain/x509/certificate.ts';
import { defaultSignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { KeyPairs } from '../../ports/key-pairs.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import type { ActiveAuthority, AuthorityDirectory } from '../authorities/authority-directory.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueServiceCertificate } from '../issuing/issue-service-certificate.ts';
import { vaultNamed } from '../vaults/named-vault.ts';
import { verifiedSigner } from '../vaults/verified-signer.ts';

export interface OcspResponder {
  readonly signer: Signer;
  readonly certificateDer: Uint8Array;
  /** SHA-1 of the responder's public key, as ResponderID byKey wants it, is derived by the encoder from this. */
  readonly publicKeyDer: Uint8Array;
  /** Unix seconds; infinity for the last one of a generation. */
  readonly renewAt: number;
  readonly notAfter: number;
}

export interface OcspRespondersDeps {
  readonly inventory: Pick<Inventory, 'certificate' | 'certificateDer'>;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly directory: AuthorityDirectory;
  readonly keyPairs: KeyPairs;
  readonly issueServiceCertificate: IssueServiceCertificate;
  readonly clock: GuardedClock;
}

export interface OcspResponders {
  /** The responder of a generation of an authority, by its id; made at first use, replaced at half of its life. */
  get(generation: string): Promise<OcspResponder>;
  /** Replaces those past half of their life ahead of need. */
  refreshDue(): Promise<void>;
}

/** The one that was made while the generation still had its key. */
async function lastResponder(
  { inventory, vaults }: OcspRespondersDeps,
  { authority, generation: { responder } }: ActiveAuthority,
): Promise<OcspResponder> {
  const { vault, vaultKey, certificateSerial } = responder!;
  const record = await inventory.certificate(certificateSerial);
  const certificateDer = await inventory.certificateDer(certificateSerial);
  if (!record || !certificateDer)
    throw new CaError('signerUnavailable', `The last OCSP responder of ${authority.name} cannot be used now.`);
  const opened = await vaultNamed(vaults, vault).signer(vaultKey, defaultSignatureAlgorithm('ec-p256'));
  const { spkiDer: publicKeyDer } = parseCertificate(certificateDer);
  const signer = verifiedSigner(opened, publicKeyDer);
  return { signer, certificateDer, publicKeyDer, renewAt: Number.POSITIVE_INFINITY, notAfter: record.notAfter };
}

export function createOcspResponders(deps: OcspRespondersDeps): OcspResponders {
  const kept = new Map<string, OcspResponder>();
  const underWay = new Map<string, Promise<OcspResponder>>();

  const make = async (generation: string): Promise<OcspResponder> => {
    const issuer = await deps.directory.generation(generation);
    if (issuer.generation.responder) return lastResponder(deps, issuer);
    const signer = await deps.keyPairs.session(`${generation}-ocsp`, 'ec-p256');
    const { record, der } = await deps.issueServiceCertificate({
      recipe: recipes.ocspResponder,
      issuer,
      owner: issuer.authority.name,
      publicKeyDer: signer.key.publicKeyDer,
      commonName: `${generation} OCSP responder`,
      names: [],
    });
    const { notBefore, notAfter } = record;
    const renewAt = notBefore + (notAfter - notBefore) / 2;
    return { signer, certificateDer: der, publicKeyDer: signer.key.publicKeyDer, renewAt, notAfter };
  };

  /** However many ask at the same time, one is made. */
  const renew = (generation: string): Promise<OcspResponder> => {
    const begin = async (): Promise<OcspResponder> => {
      const made = await make(generation);
      kept.set(generation, made);
      return made;
    };
    const making = underWay.get(generation) ?? begin().finally(() => underWay.delete(generation));
    underWay.set(generation, making);
    return making;
  };

  const isBefore = (seconds: number): boolean => deps.clock.now() / 1000 < seconds;

  return {
    async get(generation) {
      const current = kept.get(generation);
      if (current && isBefore(current.renewAt)) return current;
      return renew(generation).catch((error: unknown) => {
        // While the authority cannot sign, the old responder serves to its end.
        if (!current || !isBefore(current.notAfter)) throw error;
        return current;
      });
    },
    async refreshDue() {
      for (const generation of [...kept.keys()]) await this.get(generation).catch(() => undefined);
    },
  };
}
