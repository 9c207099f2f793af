/** The authorities in force with their certificates, chains and opened signers, as every signing service needs them. */
import { CaError } from '../domain/errors.ts';
import type { IssuerFacts } from '../domain/policy/issuer-facts.ts';
import type { CertificateRecord } from '../domain/records/certificate.ts';
import type { Authority } from '../domain/records/environment.ts';
import { type ParsedCertificate, parseCertificate } from '../domain/x509/certificate.ts';
import { signatureAlgorithms } from '../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { Signer, Vault } from '../ports/vault.ts';
import type { SigningMeter } from './meter-signing.ts';
import type { DistributionUrls } from './services.ts';
import { verifiedSigner } from './verified-signer.ts';

export interface ActiveAuthority {
  readonly authority: Authority;
  readonly certificate: CertificateRecord;
  readonly certificateDer: Uint8Array;
  readonly parsed: ParsedCertificate;
  readonly signer: Signer;
  readonly facts: IssuerFacts;
  /** What a certificate of this authority is followed by: this authority and those above, without the root. */
  readonly chainDer: readonly Uint8Array[];
}

export interface AuthorityDirectory {
  /** CaError `notFound` for a name that is none or has no certificate yet. */
  get(name: string): Promise<ActiveAuthority>;
  all(): Promise<readonly ActiveAuthority[]>;
  /** Opens the key of an authority that has no certificate yet. */
  openSigner(authority: Authority): Promise<Signer>;
  /** What was kept is read again: an authority came or changed. */
  forget(): void;
}

export interface AuthorityDirectoryDeps {
  readonly inventory: Inventory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly urls: DistributionUrls;
  readonly signing: SigningMeter;
}

export function createAuthorityDirectory(deps: AuthorityDirectoryDeps): AuthorityDirectory {
  const kept = new Map<string, Promise<ActiveAuthority>>();

  /** `certifiedKeyDer` is absent before there is a certificate: what the vault says is then what gets certified. */
  const openSigner = async (authority: Authority, certifiedKeyDer?: Uint8Array): Promise<Signer> => {
    const vault = deps.vaults.get(authority.vault);
    if (!vault)
      throw new CaError('signerUnavailable', `The vault ${authority.vault} of ${authority.name} is not configured.`);
    const signer = await vault.signer(authority.vaultKey, signatureAlgorithms[authority.signatureAlgorithm]);
    return deps.signing.signer(authority.name, verifiedSigner(signer, certifiedKeyDer ?? signer.key.publicKeyDer));
  };

  const load = async (name: string): Promise<ActiveAuthority> => {
    const authority = (await deps.inventory.authorities()).find((candidate) => candidate.name === name);
    const serial = authority?.certificateSerial;
    if (!authority || !serial) throw new CaError('notFound', `There is no authority ${name}.`);
    const certificate = await deps.inventory.certificate(serial);
    const certificateDer = await deps.inventory.certificateDer(serial);
    if (!certificate || !certificateDer)
      throw new CaError('serverInternal', `The certificate of ${name} is not recorded.`);
    const parsed = parseCertificate(certificateDer);
    const isRoot = authority.parent === authority.name;
    return {
      authority,
      certificate,
      certificateDer,
      parsed,
      signer: await openSigner(authority, parsed.spkiDer),
      facts: issuerFacts(authority, parsed, deps.urls),
      chainDer: isRoot ? [] : [certificateDer, ...(await get(authority.parent)).chainDer],
    };
  };

  const get = (name: string): Promise<ActiveAuthority> => {
    let entry = kept.get(name);
    if (!entry) {
      entry = load(name);
      kept.set(name, entry);
      // A failure is not kept: the vault may be back at the next try.
      entry.catch(() => kept.delete(name));
    }
    return entry;
  };

  return {
    get,
    openSigner: (authority) => openSigner(authority),
    forget: () => kept.clear(),
    async all() {
      const active = (await deps.inventory.authorities()).filter(({ certificateSerial }) => certificateSerial !== null);
      return Promise.all(active.map(({ name }) => get(name)));
    },
  };
}

function issuerFacts(authority: Authority, parsed: ParsedCertificate, urls: DistributionUrls): IssuerFacts {
  const { name } = authority;
  const subjectKeyIdentifier = parsed.subjectKeyIdentifier;
  if (!subjectKeyIdentifier)
    throw new CaError('serverInternal', `The certificate of ${name} has no subjectKeyIdentifier.`);
  return {
    authority: name,
    certificateSerial: parsed.serial,
    subjectDer: parsed.subject.der,
    subjectKeyIdentifier,
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    signatureAlgorithm: signatureAlgorithms[authority.signatureAlgorithm],
    urls: { crl: urls.crl(name), ocsp: urls.ocsp(name), aia: urls.aia(name) },
  };
}
