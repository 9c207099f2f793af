/** Makes a new generation of an authority: key, certificate and, for a root, both crosses; each step is found done when repeated. */
import { CaError } from '../../domain/errors.ts';
import { recipeOfRole } from '../../domain/policy/service-profiles.ts';
import type { AuthorityRotation } from '../../domain/records/authority-rotation.ts';
import type { CertificateRecord } from '../../domain/records/certificate.ts';
import type { Authority } from '../../domain/records/environment.ts';
import {
  type AuthorityCertificateKind,
  type AuthorityGeneration,
  generationId,
} from '../../domain/records/generation.ts';
import { hasTimeLeft } from '../../domain/rotation/authority-steps.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import { defaultSignatureAlgorithm } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Vault, VaultKey } from '../../ports/vault.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueServiceCertificate, ServiceCertificateInput } from '../issuing/issue-service-certificate.ts';
import { createFreshKey } from '../vaults/fresh-key.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import { withGeneration } from './authority-register.ts';
import { ensureGenerationRequest, isSignedElsewhere } from './generation-request.ts';
import { heldKey } from './held-key.ts';
import { authorityCertificatesOf } from './revoke-authority-certificates.ts';

export interface PrepareGenerationDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issueServiceCertificate: IssueServiceCertificate;
}

export interface GenerationOrder {
  /** As it is in force. */
  readonly authority: Authority;
  /** Number of the new generation. */
  readonly number: number;
  readonly vault: string;
  /** One that the vault has already; null: it makes one. */
  readonly key: string | null;
  readonly keyType: KeyType;
  readonly actor: string;
}

/** The key first: a row without a key could never be completed, a key without a row is taken by whoever asks again. */
export async function beginRotation(deps: PrepareGenerationDeps, order: GenerationOrder): Promise<AuthorityRotation> {
  const { authority, number, keyType, actor } = order;
  const key = await keyFor(deps, order);
  const at = deps.clock.now();
  const generation: AuthorityGeneration = {
    authority: authority.name,
    number,
    phase: 'coming',
    vault: order.vault,
    vaultKey: key.name,
    keyType,
    // Another padding of the same key type stays what it was.
    signatureAlgorithm:
      keyType === authority.keyType ? authority.signatureAlgorithm : defaultSignatureAlgorithm(keyType).name,
    certificateSerial: null,
    isCompromised: false,
    createdAt: at,
    keyDestroyedAt: null,
    responder: null,
  };
  const rotation: AuthorityRotation = {
    authority: authority.name,
    generation: number,
    predecessor: authority.generation,
    state: 'preparing',
    campaign: null,
    startedAt: at,
    startedBy: actor,
    changedAt: at,
  };
  await deps.inventory.startRotation({
    rotation,
    generation,
    keySha256: publicKeySha256(key.publicKeyDer),
    audit: {
      at,
      kind: 'authority.rotationStarted',
      actor,
      object: `authority:${authority.name}`,
      details: { from: idOf(rotation, 'predecessor'), to: idOf(rotation, 'generation'), vault: order.vault, keyType },
    },
  });
  deps.directory.forget();
  return rotation;
}

async function keyFor(
  deps: PrepareGenerationDeps,
  { authority, vault, key, keyType }: GenerationOrder,
): Promise<VaultKey> {
  if (key !== null) return heldKey(deps.vaults, { vault, name: key, keyType });
  return createFreshKey(deps, { vault, purpose: authority.name, keyType });
}

/** The id of one of a rotation's two generations. */
export const idOf = (rotation: AuthorityRotation, which: 'generation' | 'predecessor'): string =>
  generationId({ authority: rotation.authority, number: rotation[which] });

/** Gives the new generation what it lacks of its certificates, or the CSR for the one that comes from elsewhere. */
export async function completeGeneration(
  deps: PrepareGenerationDeps,
  rotation: AuthorityRotation,
  actor: string,
): Promise<void> {
  const compromised = await whyCompromised(deps, rotation);
  if (compromised !== undefined) throw new CaError('conflict', compromised);
  const before = await deps.directory.generation(idOf(rotation, 'predecessor'));
  if (await isSignedElsewhere(deps.inventory, rotation.authority)) {
    const authority = await comingAuthority(deps, rotation, before);
    await ensureGenerationRequest(deps, { authority, subjectDer: before.parsed.subject.der, actor });
    return;
  }
  await ensureCertificate(deps, rotation, { kind: 'own', actor, order: () => ownOrder(deps, rotation, before) });
  const isRoot = before.authority.parent === before.authority.name;
  if (!isRoot || !isCrossed(before.generation, before.certificate, deps.clock.now())) return;
  const after = await deps.directory.generation(idOf(rotation, 'generation'));
  await ensureCertificate(deps, rotation, { kind: 'newWithOld', actor, order: async () => cross(after, before) });
  await ensureCertificate(deps, rotation, { kind: 'oldWithNew', actor, order: async () => cross(before, after) });
}

/** As a restore may find it: it came into force after the backup, and was compromised then. */
export async function whyCompromised(
  { inventory }: Pick<PrepareGenerationDeps, 'inventory'>,
  rotation: AuthorityRotation,
): Promise<string | undefined> {
  const id = idOf(rotation, 'generation');
  const isCompromised = (await inventory.generations()).some((one) => generationId(one) === id && one.isCompromised);
  if (!isCompromised) return undefined;
  return `The key of ${id} is compromised, and must not come into use: abandon the rotation.`;
}

/** Whether a root is followed with crosses: not one that nobody believes, or that has come to its end. `nowMs` in Unix milliseconds. */
export const isCrossed = (
  { isCompromised }: Pick<AuthorityGeneration, 'isCompromised'>,
  { notAfter }: Pick<CertificateRecord, 'notAfter'>,
  nowMs: number,
): boolean => !isCompromised && hasTimeLeft(notAfter, nowMs / 1000);

/** RFC 4210 §4.4: the key of one signed by the other, to the end of the one that signs. Its subject is its issuer's: self-issued. */
const cross = (subject: ActiveAuthority, issuer: ActiveAuthority): Certified => ({
  recipe: recipeOfRole[subject.authority.role],
  issuer,
  publicKeyDer: subject.parsed.spkiDer,
  subjectDer: subject.parsed.subject.der,
});

/** The authority with the key of the new generation. */
async function comingAuthority(
  { inventory }: PrepareGenerationDeps,
  rotation: AuthorityRotation,
  before: ActiveAuthority,
): Promise<Authority> {
  const generation = (await inventory.generations()).find(
    ({ authority, number }) => authority === rotation.authority && number === rotation.generation,
  );
  if (!generation)
    throw new CaError('serverInternal', `The generation ${idOf(rotation, 'generation')} is not recorded.`);
  return withGeneration(before.authority, generation);
}

async function ownOrder(
  deps: PrepareGenerationDeps,
  rotation: AuthorityRotation,
  before: ActiveAuthority,
): Promise<Certified> {
  const { directory } = deps;
  const authority = await comingAuthority(deps, rotation, before);
  const signer = await directory.openSigner(authority);
  const isRoot = authority.parent === authority.name;
  return {
    recipe: recipeOfRole[authority.role],
    issuer: isRoot ? { self: { authority, signer } } : await directory.get(authority.parent),
    publicKeyDer: signer.key.publicKeyDer,
    subjectDer: before.parsed.subject.der,
  };
}

type Certified = Pick<ServiceCertificateInput, 'recipe' | 'issuer' | 'publicKeyDer' | 'subjectDer'>;

interface Wanted {
  readonly kind: AuthorityCertificateKind;
  readonly actor: string;
  readonly order: () => Promise<Certified>;
}

/** A certificate that was issued, but not recorded as the generation's, is of no consequence: another one is made. */
async function ensureCertificate(
  deps: PrepareGenerationDeps,
  rotation: AuthorityRotation,
  { kind, actor, order }: Wanted,
): Promise<void> {
  const { authority } = rotation;
  const generation = kind === 'oldWithNew' ? rotation.predecessor : rotation.generation;
  const isThere = (await authorityCertificatesOf(deps.inventory, authority)).some(
    (known) => known.generation === generation && known.kind === kind && known.state === 'issued',
  );
  if (isThere) return;
  const { record } = await deps.issueServiceCertificate({
    ...(await order()),
    owner: authority,
    commonName: authority,
    names: [],
    requestedBy: actor,
  });
  const { serial } = record;
  await deps.inventory.certifyGeneration(
    { authority, generation, kind, serial },
    {
      at: deps.clock.now(),
      kind: 'authority.certified',
      actor,
      object: `authority:${authority}`,
      details: { generation: generationId({ authority, number: generation }), kind, serial },
    },
  );
  deps.directory.forget();
}
