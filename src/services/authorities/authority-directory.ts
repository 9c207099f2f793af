/** The authorities and their generations with certificates, chains and opened signers, as every signing service needs them. */
import { CaError } from '../../domain/errors.ts';
import type { IssuerFacts } from '../../domain/policy/issuer-facts.ts';
import { admittedPurposes } from '../../domain/policy/judge-purposes.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Authority } from '../../domain/records/environment.ts';
import type { AuthorityGeneration } from '../../domain/records/generation.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Signer } from '../../ports/vault.ts';
import type { DistributionUrls } from '../services.ts';
import {
  type AuthorityRegister,
  crossesOf,
  externalChain,
  isCertified,
  nameConstraintsOf,
  pathAbove,
  readRegister,
  revokedElsewhere,
} from './authority-register.ts';
import { type OpenSignersDeps, openCertified, openUncertified } from './open-signers.ts';
import { isLost } from './stand-in-signers.ts';

/** What names a certificate's issuer. */
type Issued = Pick<CertificateRecord, 'authority' | 'issuerSerial'>;

/** A generation of an authority. */
export interface ActiveAuthority {
  /** With the key and the certificate of this generation. */
  readonly authority: Authority;
  readonly generation: AuthorityGeneration;
  /** Names its list, and is in its addresses. */
  readonly id: string;
  readonly certificate: CertificateRecord;
  readonly certificateDer: Uint8Array;
  readonly parsed: ParsedCertificate;
  /** Rejects with `signerUnavailable` once the key is destroyed. */
  readonly signer: Signer;
  readonly facts: IssuerFacts;
  /** What a certificate of this authority is followed by: this authority and those above, crosses for a root. */
  readonly chainDer: readonly Uint8Array[];
  /** Name of the authority elsewhere whose list says that this one, or one between, is revoked; null where none does. */
  readonly revokedBy: string | null;
}

export interface AuthorityDirectory {
  /**
   * The generation in force, for issuing. CaError `notFound` for a name that is none or has no certificate yet,
   * `signerUnavailable` for one that is compromised and not replaced yet.
   */
  get(name: string): Promise<ActiveAuthority>;
  /** The same, also where it is compromised: for what lets people in to replace it. CaError `notFound`. */
  inForce(name: string): Promise<ActiveAuthority>;
  /** By its id: see generationId. CaError `notFound`. */
  generation(id: string): Promise<ActiveAuthority>;
  /** The generation that signed a certificate. */
  issuerOf(record: Issued): Promise<ActiveAuthority>;
  /** What the certificate is followed by: its issuers, ours or not, without the root. */
  chainAbove(record: Issued): Promise<readonly Uint8Array[]>;
  /** Each authority's generation in force. */
  all(): Promise<readonly ActiveAuthority[]>;
  /** Every generation that has a certificate and was not abandoned. */
  generations(): Promise<readonly ActiveAuthority[]>;
  /** Opens the key of an authority that has no certificate yet. */
  openSigner(authority: Authority): Promise<Signer>;
  /** An authority was added or changed: everything is read anew. */
  forget(): void;
}

export interface AuthorityDirectoryDeps extends OpenSignersDeps {
  readonly inventory: Inventory;
  readonly urls: DistributionUrls;
}

export function createAuthorityDirectory(deps: AuthorityDirectoryDeps): AuthorityDirectory {
  const kept = new Map<string, Promise<ActiveAuthority>>();
  let register: Promise<AuthorityRegister> | undefined;

  const readAgain = (): Promise<AuthorityRegister> => {
    const reading = readRegister(deps.inventory);
    register = reading;
    reading.catch(() => {
      if (register === reading) register = undefined;
    });
    return reading;
  };

  const load = async (id: string): Promise<ActiveAuthority> => {
    const known = await registerWith(id);
    const { authority, generation: own } = known.generations.get(id)!;
    const certificate = await deps.inventory.certificate(own.certificateSerial!);
    const certificateDer = await deps.inventory.certificateDer(own.certificateSerial!);
    if (!certificate || !certificateDer)
      throw new CaError('serverInternal', `The certificate of ${id} is not recorded.`);
    const parsed = parseCertificate(certificateDer);
    const isRoot = authority.parent === authority.name;
    if (!isRoot && (await holderOf(certificate)) === id)
      throw new CaError('serverInternal', `${id} is no root, and is recorded as its own issuer.`);
    const above = isRoot ? await crossesOf(deps.inventory, known, own) : await chainAbove(certificate);
    const path = pathAbove(known.external, parsed, certificate.authority);
    const constraints = nameConstraintsOf(path);
    const purposes = admittedPurposes(path);
    return {
      authority,
      generation: own,
      id,
      certificate,
      certificateDer,
      parsed,
      signer: await openCertified(deps, { authority, generation: own }, parsed.spkiDer),
      facts: {
        ...issuerFacts(id, parsed, { authority, urls: deps.urls }),
        ...(constraints.length > 0 && { nameConstraints: constraints }),
        ...(purposes && { purposes }),
      },
      chainDer: isRoot ? above : [certificateDer, ...above],
      revokedBy: await revokedElsewhere(deps.inventory, known.external, {
        serial: parsed.serial,
        issuer: certificate.authority,
      }),
    };
  };

  /** An id that is not in the register may be newer than it: it is read once more before anybody is told that there is none. */
  const registerWith = async (id: string): Promise<AuthorityRegister> => {
    const known = await (register ?? readAgain());
    if (known.generations.get(id)?.generation.certificateSerial) return known;
    const now = await readAgain();
    if (now.generations.get(id)?.generation.certificateSerial) return now;
    throw new CaError('notFound', `There is no authority ${printable(id)}.`);
  };

  const generation = (id: string): Promise<ActiveAuthority> => {
    let entry = kept.get(id);
    if (!entry) {
      const loading = load(id);
      entry = loading;
      kept.set(id, loading);
      // A failure is not kept: the vault may be back at the next try. What was read since stays.
      const forgetIt = (): unknown => kept.get(id) === loading && kept.delete(id);
      loading.then(({ signer }) => isLost(signer) && forgetIt(), forgetIt);
    }
    return entry;
  };

  const inForce = async (name: string): Promise<ActiveAuthority> => {
    const id = (await (register ?? readAgain())).inForce.get(name) ?? (await readAgain()).inForce.get(name);
    if (id === undefined) throw new CaError('notFound', `There is no authority ${printable(name)}.`);
    return generation(id);
  };

  const get = async (name: string): Promise<ActiveAuthority> => {
    const active = await inForce(name);
    if (!active.generation.isCompromised) return active;
    throw new CaError('signerUnavailable', `${name} is compromised and signs nothing until it is replaced.`, {
      retryAfterSeconds: 10,
    });
  };

  const holderOf = async ({ authority, issuerSerial }: Issued): Promise<string> => {
    const id = (await (register ?? readAgain())).holders.get(issuerSerial);
    return id ?? (await (register ?? readAgain())).inForce.get(authority) ?? authority;
  };

  const issuerOf: AuthorityDirectory['issuerOf'] = async (record) => generation(await holderOf(record));

  const chainAbove: AuthorityDirectory['chainAbove'] = async (record) => {
    const { external } = await (register ?? readAgain());
    return external.has(record.authority)
      ? externalChain(external, record.authority)
      : (await issuerOf(record)).chainDer;
  };

  return {
    get,
    inForce,
    generation,
    issuerOf,
    chainAbove,
    openSigner: (authority) => openUncertified(deps, authority),
    forget: () => {
      kept.clear();
      register = undefined;
    },
    async all() {
      const { generations } = await readAgain();
      const active = [...generations].filter(([, { generation: own }]) => own.phase === 'inForce' && isCertified(own));
      return Promise.all(active.map(([id]) => generation(id)));
    },
    async generations() {
      const { generations } = await readAgain();
      const live = [...generations].filter(([, { generation: own }]) => own.phase !== 'abandoned' && isCertified(own));
      return Promise.all(live.map(([id]) => generation(id)));
    },
  };
}

function issuerFacts(
  id: string,
  parsed: ParsedCertificate,
  { authority, urls }: { readonly authority: Authority; readonly urls: DistributionUrls },
): IssuerFacts {
  const subjectKeyIdentifier = parsed.subjectKeyIdentifier;
  if (!subjectKeyIdentifier)
    throw new CaError('serverInternal', `The certificate of ${id} has no subjectKeyIdentifier.`);
  return {
    authority: authority.name,
    certificateSerial: parsed.serial,
    subjectDer: parsed.subject.der,
    subjectKeyIdentifier,
    notBefore: parsed.notBefore,
    notAfter: parsed.notAfter,
    signatureAlgorithm: signatureAlgorithms[authority.signatureAlgorithm],
    urls: { crl: urls.crl(id), ocsp: urls.ocsp(id), aia: urls.aia(id) },
  };
}
