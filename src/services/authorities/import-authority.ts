/** Takes the chain that was made elsewhere for an authority of ours, judges all of it, and puts it in force. */
import { hash } from 'node:crypto';
import { CaError, type Reason } from '../../domain/errors.ts';
import { certificateField, fingerprint, judgeChain, subjectOf } from '../../domain/policy/judge-chain.ts';
import type { NamingProduct } from '../../domain/policy/judge-name-constraints.ts';
import { purposeOids } from '../../domain/policy/purpose-oids.ts';
import type { Authority } from '../../domain/records/environment.ts';
import type { ExternalAuthority } from '../../domain/records/external-authority.ts';
import { generationId } from '../../domain/records/generation.ts';
import { refuseIfAny } from '../../domain/refusal.ts';
import { spkiOfAuthorityCsr } from '../../domain/x509/authority-csr.ts';
import { type ForeignCertificate, parseForeignCertificate } from '../../domain/x509/certificate.ts';
import { formatName } from '../../domain/x509/name.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import { parseForeignCrl } from '../../domain/x509/read-crl.ts';
import { filedSerial } from '../../domain/x509/serial.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { everyProduct } from '../inventory/read-all.ts';
import { importedProfile } from '../inventory/view-certificate.ts';
import { noSuch } from '../no-such.ts';
import type { AuthorityDirectory } from './authority-directory.ts';
import { withGeneration } from './authority-register.ts';
import type { AuthorityServices, ImportInput, OwnAuthorityDetail } from './authority-services.ts';
import type { AuthorityTurns } from './authority-turns.ts';
import type { DescribeOwnAuthority } from './describe-authority.ts';
import type { ExternalDirectory } from './external-authorities.ts';
import { nameExternal, takenNames } from './name-external.ts';
import { readChain } from './read-chain.ts';

export interface ImportAuthorityDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly external: Pick<ExternalDirectory, 'forget'>;
  readonly clock: GuardedClock;
  readonly turns: AuthorityTurns;
  readonly describeAuthority: DescribeOwnAuthority;
  /** Takes the first step of a rotation that waited for the certificate. */
  readonly goOnCertified: (name: string, actor: string) => Promise<void>;
  /** Brings the environment's file of roots up to date. */
  readonly trustChanged: (environment: string) => Promise<void>;
}

export const createImportAuthority =
  (deps: ImportAuthorityDeps): AuthorityServices['importAuthority'] =>
  (caller, name, input) =>
    deps.turns.alone(name, () => importChain(deps, caller, { name, ...input }));

type Importing = ImportInput & { readonly name: string };

async function importChain(
  deps: ImportAuthorityDeps,
  caller: Caller,
  { name, ...input }: Importing,
): Promise<OwnAuthorityDetail> {
  deps.clock.assertSafe();
  const { environment, requested } = await requestedGenerations(deps, name);
  const external = (await deps.inventory.externalAuthorities()).filter((each) => each.environment === environment);
  const { chain, reasons } = readChain(input, external);
  const { authority, isComing, spkiDer } = meant(requested, chain[0]!);
  const now = Math.floor(deps.clock.now() / 1000);
  reasons.push(
    ...(await judgeChain({
      chain,
      spkiDer,
      now,
      products: await productsOf(deps.inventory, environment),
      purposes: await purposesOf(deps.inventory, authority),
    })),
    ...(await judgeRevocations(deps.inventory, chain, external)),
    ...(await judgeSuccession(deps, authority, { own: chain[0]!, isComing })),
  );
  refuseIfAny(reasons);
  await putInForce(deps, caller, { authority, isComing, environment, chain, external });
  if (isComing) await deps.goOnCertified(name, actorOf(caller));
  await deps.trustChanged(environment);
  return deps.describeAuthority(name);
}

/** A generation whose key and CSR are here. */
interface Requested {
  /** With the key and the certificate of the generation. */
  readonly authority: Authority;
  readonly isComing: boolean;
  readonly spkiDer: Uint8Array;
}

/** The one in force, and the one that a rotation brings, if there is one. */
async function requestedGenerations(
  { inventory }: ImportAuthorityDeps,
  name: string,
): Promise<{ readonly environment: string; readonly requested: readonly Requested[] }> {
  const authority = (await inventory.authorities()).find((candidate) => candidate.name === name);
  if (!authority) throw noSuch('authority', name);
  const requested: Requested[] = [];
  for (const generation of await inventory.generations()) {
    const isComing = generation.phase === 'coming';
    if (generation.authority !== name || !(isComing || generation.phase === 'inForce')) continue;
    const request = await inventory.authorityRequest(name, generation.number);
    if (!request) continue;
    const spkiDer = spkiOfAuthorityCsr(request.csrDer);
    requested.push({ authority: withGeneration(authority, generation), isComing, spkiDer });
  }
  if (requested.length > 0 && authority.environment !== null) return { environment: authority.environment, requested };
  throw new CaError('conflict', `${name} is signed here: there is nothing to import for it.`);
}

/** The one whose key the certificate is for; of a certificate for none of them, the newest says so. */
const meant = (requested: readonly Requested[], { spkiDer }: ForeignCertificate): Requested =>
  requested.find((one) => Buffer.compare(one.spkiDer, spkiDer) === 0) ?? requested.at(-1)!;

async function productsOf(inventory: Inventory, environment: string): Promise<readonly NamingProduct[]> {
  const products: NamingProduct[] = [];
  for await (const product of everyProduct(inventory, environment)) products.push(product);
  return products;
}

/** Of the profiles that the authority is to issue by. */
async function purposesOf(inventory: Inventory, { name, environment }: Authority): Promise<readonly string[]> {
  const profiles = (await inventory.profiles(environment ?? '')).filter(({ authority }) => authority === name);
  return [...new Set(profiles.flatMap(({ extendedKeyUsage }) => extendedKeyUsage.map((usage) => purposeOids[usage])))];
}

/** What a list that was imported before already says of the chain. */
async function judgeRevocations(
  inventory: Inventory,
  chain: readonly ForeignCertificate[],
  external: readonly ExternalAuthority[],
): Promise<readonly Reason[]> {
  const reasons: Reason[] = [];
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1] ?? certificate;
    const known = external.find(({ sha256 }) => sha256 === fingerprint(issuer.der));
    const filed = known && (await inventory.latestCrl(known.name));
    const crl = filed && parseForeignCrl(filed.der);
    if (!crl?.entries.some(({ serial }) => serial === certificate.serial)) continue;
    const message = `The list of ${known!.name}, made at ${new Date(crl.thisUpdate * 1000).toISOString()}, says that it is revoked.`;
    reasons.push({ code: 'chainRevoked', message, field: certificateField(index), value: certificate.serial });
  }
  return reasons;
}

/** What was issued in the past must chain to a certificate that replaces the one in force, and not outlive it. */
async function judgeSuccession(
  { inventory }: ImportAuthorityDeps,
  { certificateSerial }: Authority,
  { own, isComing }: { readonly own: ForeignCertificate; readonly isComing: boolean },
): Promise<readonly Reason[]> {
  const der = certificateSerial === null ? undefined : await inventory.certificateDer(certificateSerial);
  if (!der) return [];
  const before = parseForeignCertificate(der);
  const field = certificateField(0);
  const reasons: Reason[] = [];
  if (own.notAfter < before.notAfter) {
    const message = 'It ends before the one in force: what was issued below that would outlive it.';
    reasons.push({ code: 'endsBeforeOneInForce', message, field, value: new Date(own.notAfter * 1000).toISOString() });
  }
  // RFC 5280 §6.1, §4.2.1.1: a path is built by the subject and by the key identifier. A generation that comes has issued nothing.
  if (!isComing && !namesTheSame(own, before)) {
    const message = `Its subject or its subjectKeyIdentifier is not that of the one in force, ${subjectOf(before)}: what was issued below that would not chain to it.`;
    reasons.push({ code: 'namedOtherThanOneInForce', message, field, value: subjectOf(own) });
  }
  return reasons;
}

const namesTheSame = (one: ForeignCertificate, other: ForeignCertificate): boolean =>
  Buffer.compare(one.subject.der, other.subject.der) === 0 &&
  Buffer.compare(one.subjectKeyIdentifier ?? none, other.subjectKeyIdentifier ?? none) === 0;

const none = new Uint8Array();

interface Judged {
  readonly authority: Authority;
  readonly isComing: boolean;
  readonly environment: string;
  readonly chain: readonly ForeignCertificate[];
  /** Those of the environment that are known. */
  readonly external: readonly ExternalAuthority[];
}

/** A crash between the two acts is healed by the same import. */
async function putInForce(deps: ImportAuthorityDeps, caller: Caller, judged: Judged): Promise<void> {
  const { authority, isComing, environment, chain, external } = judged;
  const at = deps.clock.now();
  const named = nameExternal(chain.slice(1), { environment, external, taken: await takenNames(deps.inventory), at });
  const own = chain[0]!;
  const serial = filedSerial(own.serial);
  const actor = actorOf(caller);
  const object = `authority:${authority.name}`;
  await deps.inventory.recordImport({
    certificate: {
      serial,
      purpose: 'authority',
      environment,
      owner: authority.name,
      authority: named[0]!.name,
      issuerSerial: filedSerial(chain[1]!.serial),
      profile: importedProfile,
      profileVersion: 1,
      productVersion: null,
      subject: formatName(own.subject),
      names: [],
      keyType: own.publicKey().keyType,
      keySha256: publicKeySha256(own.spkiDer),
      notBefore: own.notBefore,
      notAfter: own.notAfter,
      requestedBy: actor,
      requestedAt: at,
      predecessor: null,
    },
    tbsSha256: hash('sha256', own.tbs, 'hex'),
    certificateDer: own.der,
    external: named.filter(({ name }) => !external.some((known) => known.name === name)).toReversed(),
    audit: {
      at,
      kind: 'authority.imported',
      actor,
      object,
      details: {
        serial,
        sha256: fingerprint(own.der),
        signedBy: named[0]!.name,
        root: named.at(-1)!.name,
        rootSha256: named.at(-1)!.sha256,
      },
    },
  });
  const { name, generation } = authority;
  if (isComing) {
    const details = { generation: generationId({ authority: name, number: generation }), kind: 'own', serial };
    const audit = { at, kind: 'authority.certified', actor, object, details } as const;
    await deps.inventory.certifyGeneration({ authority: name, generation, kind: 'own', serial }, audit);
  } else {
    await deps.inventory.activateAuthority(name, serial, {
      ...{ at, kind: 'authority.activated', actor, object, details: { serial } },
    });
  }
  deps.directory.forget();
  deps.external.forget();
}
