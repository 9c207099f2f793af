/** The authorities and their generations with certificates, chains and opened signers, as every signing service needs them. */
import { CaError } from '../../domain/errors.ts';
import type { IssuerFacts } from '../../domain/policy/issuer-facts.ts';
import { printable } from '../../domain/policy/printable.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Authority } from '../../domain/records/environment.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import {
  type AuthorityCertificate,
  type AuthorityCertificateKind,
  type AuthorityGeneration,
  generationId,
} from '../../domain/records/generation.ts';
import { type ParsedCertificate, parseCertificate } from '../../domain/x509/certificate.ts';
import { parseForeignCrl } from '../../domain/x509/crl.ts';
import { decodeNameConstraints, type NameConstraints } from '../../domain/x509/name-constraints.ts';
import { oids } from '../../domain/x509/oids.ts';
import { signatureAlgorithms } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Signer, Vault } from '../../ports/vault.ts';
import type { SigningMeter } from '../metrics/meter-signing.ts';
import type { DistributionUrls } from '../services.ts';
import { vaultNamed } from '../vaults/named-vault.ts';
import { openNowOrLater } from '../vaults/open-later.ts';
import { verifiedSigner } from '../vaults/verified-signer.ts';

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
  /** By its id: see generationId. CaError `notFound`. */
  generation(id: string): Promise<ActiveAuthority>;
  /** The generation that signed a certificate. */
  issuerOf(record: Pick<CertificateRecord, 'authority' | 'issuerSerial'>): Promise<ActiveAuthority>;
  /** What the certificate is followed by: its issuers, ours or not, without the root. */
  chainAbove(record: Pick<CertificateRecord, 'authority' | 'issuerSerial'>): Promise<readonly Uint8Array[]>;
  /** Each authority's generation in force. */
  all(): Promise<readonly ActiveAuthority[]>;
  /** Every generation that has a certificate and was not abandoned. */
  generations(): Promise<readonly ActiveAuthority[]>;
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

/** What the inventory knows of authorities, read at once. */
interface Register {
  /** Of each authority, by its name. */
  readonly inForce: ReadonlyMap<string, string>;
  /** By id. */
  readonly generations: ReadonlyMap<
    string,
    { readonly authority: Authority; readonly generation: AuthorityGeneration }
  >;
  /** Id of the generation that has this certificate. */
  readonly holders: ReadonlyMap<string, string>;
  readonly certificates: readonly AuthorityCertificate[];
  /** Whose keys are elsewhere, by name. */
  readonly external: ReadonlyMap<string, ExternalAuthority>;
}

export function createAuthorityDirectory(deps: AuthorityDirectoryDeps): AuthorityDirectory {
  const kept = new Map<string, Promise<ActiveAuthority>>();
  let register: Promise<Register> | undefined;

  const readAgain = (): Promise<Register> => {
    const reading = readRegister(deps.inventory);
    register = reading;
    reading.catch(() => {
      if (register === reading) register = undefined;
    });
    return reading;
  };

  /** `certifiedKeyDer` is absent before there is a certificate: what the vault says is then what gets certified. */
  const openSigner = async (authority: Authority, certifiedKeyDer?: Uint8Array): Promise<Signer> => {
    const vault = vaultNamed(deps.vaults, authority.vault);
    const algorithm = signatureAlgorithms[authority.signatureAlgorithm];
    const open = async (): Promise<Signer> => {
      const signer = await vault.signer(authority.vaultKey, algorithm);
      return verifiedSigner(signer, certifiedKeyDer ?? signer.key.publicKeyDer);
    };
    if (!certifiedKeyDer) return deps.signing.signer(authority.name, await open());
    const key = { name: authority.vaultKey, type: authority.keyType, publicKeyDer: certifiedKeyDer };
    return deps.signing.signer(authority.name, await openNowOrLater(vault, { key, algorithm }, open));
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
    const above = isRoot ? await crossesOf(deps.inventory, known, own) : await chainAbove(certificate);
    const constraints = nameConstraintsOf(known.external, parsed, certificate.authority);
    return {
      authority,
      generation: own,
      id,
      certificate,
      certificateDer,
      parsed,
      signer:
        own.phase === 'retired'
          ? await lastSigner(authority, own, parsed.spkiDer)
          : await signerOrNone(authority, parsed.spkiDer),
      facts: {
        ...issuerFacts(id, parsed, { authority, urls: deps.urls }),
        ...(constraints.length > 0 && { nameConstraints: constraints }),
      },
      chainDer: isRoot ? above : [certificateDer, ...above],
      revokedBy: await revokedElsewhere(deps.inventory, known.external, {
        serial: parsed.serial,
        issuer: certificate.authority,
      }),
    };
  };

  /** A vault that lost a key, exchanged or refuses it keeps nobody else from going on, and the authority can be replaced. */
  const signerOrNone = (authority: Authority, publicKeyDer: Uint8Array): Promise<Signer> =>
    openSigner(authority, publicKeyDer).catch((error: unknown) => {
      if (error instanceof CaError && deps.vaults.has(authority.vault))
        return lostSigner(authority, publicKeyDer, error);
      throw error;
    });

  /** The key of one that is retired may be gone, whether or not that is recorded, and its vault with it: what it signed is still served. */
  const lastSigner = async (
    authority: Authority,
    { keyDestroyedAt }: AuthorityGeneration,
    publicKeyDer: Uint8Array,
  ): Promise<Signer> => {
    const destroyed = destroyedSigner(authority, publicKeyDer);
    if (keyDestroyedAt !== null || !deps.vaults.has(authority.vault)) return destroyed;
    const signer = await signerOrNone(authority, publicKeyDer);
    return isGone(signer) ? destroyed : signer;
  };

  /** What is not known may have been made since the register was read. */
  const registerWith = async (id: string): Promise<Register> => {
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

  const get = async (name: string): Promise<ActiveAuthority> => {
    const id = (await (register ?? readAgain())).inForce.get(name) ?? (await readAgain()).inForce.get(name);
    if (id === undefined) throw new CaError('notFound', `There is no authority ${printable(name)}.`);
    const active = await generation(id);
    if (!active.generation.isCompromised) return active;
    throw new CaError('signerUnavailable', `${name} is compromised and signs nothing until it is replaced.`, {
      retryAfterSeconds: 10,
    });
  };

  const issuerOf: AuthorityDirectory['issuerOf'] = async ({ authority, issuerSerial }) => {
    const id = (await (register ?? readAgain())).holders.get(issuerSerial);
    return generation(id ?? (await (register ?? readAgain())).inForce.get(authority) ?? authority);
  };

  const chainAbove: AuthorityDirectory['chainAbove'] = async (record) => {
    const { external } = await (register ?? readAgain());
    return external.has(record.authority)
      ? externalChain(external, record.authority)
      : (await issuerOf(record)).chainDer;
  };

  return {
    get,
    generation,
    issuerOf,
    chainAbove,
    openSigner: (authority) => openSigner(authority),
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

/** The authority with the key and the certificate of one of its generations. */
export function withGeneration(authority: Authority, generation: AuthorityGeneration): Authority {
  const { number, vault, vaultKey, keyType, signatureAlgorithm, certificateSerial, createdAt } = generation;
  const own = { vault, vaultKey, keyType, signatureAlgorithm, certificateSerial, createdAt };
  return { ...authority, ...own, generation: number };
}

const isCertified = ({ certificateSerial }: AuthorityGeneration): boolean => certificateSerial !== null;

async function readRegister(inventory: Inventory): Promise<Register> {
  const authorities = new Map((await inventory.authorities()).map((authority) => [authority.name, authority]));
  const generations = await inventory.generations();
  const certificates = await inventory.authorityCertificates();
  return {
    inForce: new Map(
      Array.from(authorities.values(), ({ name, generation }) => [
        name,
        generationId({ authority: name, number: generation }),
      ]),
    ),
    generations: new Map(
      generations.map((generation) => {
        const authority = withGeneration(authorities.get(generation.authority)!, generation);
        return [generationId(generation), { authority, generation }];
      }),
    ),
    holders: new Map(
      certificates.map(({ authority, generation: number, serial }) => [serial, generationId({ authority, number })]),
    ),
    certificates,
    external: new Map((await inventory.externalAuthorities()).map((external) => [external.name, external])),
  };
}

/** From the external authority upwards, without its root. */
function externalChain(all: Register['external'], name: string): readonly Uint8Array[] {
  const external = all.get(name);
  if (!external || external.parent === name) return [];
  return [external.certificateDer, ...externalChain(all, external.parent)];
}

/**
 * What a chain needs beside the root that a peer trusts, while two generations of it are in use: for who knows only the one
 * before, its cross over the newer; for who knows only the newer, its cross over the one before.
 */
async function crossesOf(
  inventory: Inventory,
  { generations, certificates }: Register,
  own: AuthorityGeneration,
): Promise<readonly Uint8Array[]> {
  const others = [...generations.values()].filter(
    ({ generation }) => generation.authority === own.authority && generation.phase !== 'abandoned',
  );
  const needs = (kind: AuthorityCertificateKind): boolean => {
    if (own.isCompromised) return false;
    if (kind === 'oldWithNew') return own.phase === 'outgoing';
    const before = others.findLast(({ generation: { number } }) => number < own.number)?.generation;
    return kind === 'newWithOld' && before?.phase === 'outgoing' && !before.isCompromised;
  };
  const crosses = certificates.filter(
    ({ authority, generation, kind }) =>
      authority === own.authority && generation === own.number && kind !== 'own' && needs(kind),
  );
  const ders = await Promise.all(
    crosses.map(async ({ serial }) =>
      (await inventory.certificate(serial))?.state === 'issued' ? inventory.certificateDer(serial) : undefined,
    ),
  );
  return ders.filter((der) => der !== undefined);
}

/** With why each cannot be used. */
const lostSigners = new WeakMap<Signer, CaError>();

/** Whether it stands for a key that its vault does not hold although it should, or does not let anybody use. */
export const isLost = (signer: Signer): boolean => lostSigners.has(signer);

const isGone = (signer: Signer): boolean => lostSigners.get(signer)?.code === 'notFound';

/** Stands for a key that its vault lost: what it signed can still be read and served, and nothing more is signed. */
function lostSigner(authority: Authority, publicKeyDer: Uint8Array, cause: CaError): Signer {
  const { name, vault, vaultKey, keyType, signatureAlgorithm } = authority;
  const gone = `The vault ${vault} does not hold ${vaultKey}, the key of ${name}. Put it back`;
  const unusable = `The key of ${name} cannot be used: ${cause.message} Put that right`;
  const message = `${cause.code === 'notFound' ? gone : unusable}, or replace the authority.`;
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

/** Stands for a key that is gone: what it signed can still be read and served. */
function destroyedSigner({ name, vaultKey, keyType, signatureAlgorithm }: Authority, publicKeyDer: Uint8Array): Signer {
  return {
    key: { name: vaultKey, type: keyType, publicKeyDer },
    algorithm: signatureAlgorithms[signatureAlgorithm],
    sign: async () => {
      throw new CaError('signerUnavailable', `The key ${vaultKey} of ${name} was destroyed when it was retired.`);
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

/** Of a certificate and of those above it whose keys are elsewhere; our own have none. */
function nameConstraintsOf(
  all: Register['external'],
  { extensions }: ParsedCertificate,
  issuer: string,
): readonly NameConstraints[] {
  const own = extensions.get(oids.nameConstraints);
  const external = all.get(issuer);
  const next = external?.parent === issuer ? '' : (external?.parent ?? '');
  const above = external ? nameConstraintsOf(all, parseCertificate(external.certificateDer), next) : [];
  return [...(own ? [decodeNameConstraints(own.value)] : []), ...above];
}

/** Follows the chain of those whose keys are elsewhere, by the lists of theirs that were imported. */
async function revokedElsewhere(
  inventory: Inventory,
  all: Register['external'],
  { serial, issuer }: { readonly serial: string; readonly issuer: string },
): Promise<string | null> {
  const external = all.get(issuer);
  if (!external) return null;
  const crl = await inventory.latestCrl(issuer);
  if (crl && parseForeignCrl(crl.der).entries.some((entry) => entry.serial === serial)) return issuer;
  if (external.parent === issuer) return null;
  const { serial: own } = parseCertificate(external.certificateDer);
  return revokedElsewhere(inventory, all, { serial: own, issuer: external.parent });
}
