/** Brings an authority into force: key in its vault, row, certificate, activation; each step is found done when repeated. */
import { CaError } from '../../domain/errors.ts';
import { recipeOfRole } from '../../domain/policy/service-profiles.ts';
import type { Authority, AuthorityRole } from '../../domain/records/environment.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import { defaultSignatureAlgorithm, type SignatureAlgorithmName } from '../../domain/x509/signature-algorithm.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { Vault, VaultKey } from '../../ports/vault.ts';
import type { GuardedClock } from '../guard-clock.ts';
import type { IssueServiceCertificate } from '../issuing/issue-service-certificate.ts';
import { createFreshKey } from '../vaults/fresh-key.ts';
import { vaultNamed } from '../vaults/named-vault.ts';
import type { AuthorityDirectory } from './authority-directory.ts';

export interface CreateAuthorityDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly clock: GuardedClock;
  readonly randomness: Randomness;
  readonly issueServiceCertificate: IssueServiceCertificate;
}

/** Where and how the keys of new authorities are made, as the settings say. */
export interface AuthorityKeys {
  readonly vault: string;
  readonly keyType: KeyType;
  readonly signatureAlgorithm?: SignatureAlgorithmName;
}

export type PrepareRowDeps = Pick<CreateAuthorityDeps, 'inventory' | 'vaults' | 'clock' | 'randomness'>;

export interface AuthorityPlan {
  readonly name: string;
  readonly role: AuthorityRole;
  readonly environment: string | null;
  /** Name of the signing authority; its own name for a root. */
  readonly parent: string;
  readonly vault: string;
  /** A key that the vault has already; without one it makes one. */
  readonly vaultKey?: string;
  /** Of the key to make; one that is there has its own. */
  readonly keyType: KeyType;
  /** What fits the key type if absent. */
  readonly signatureAlgorithm?: SignatureAlgorithmName;
  readonly commonName: string;
  readonly actor: string;
}

/** Resolves to true when the authority was not in force before. A crash in between is healed by the same call. */
export type EnsureAuthority = (plan: AuthorityPlan) => Promise<boolean>;

export function createEnsureAuthority(deps: CreateAuthorityDeps): EnsureAuthority {
  return async (plan) => {
    const known = (await deps.inventory.authorities()).find(({ name }) => name === plan.name);
    if (known?.certificateSerial) return false;
    if (known && !isPlanned(known, plan)) throw anotherOne(plan);
    const authority = known ?? (await prepareAuthorityRow(deps, plan));
    const signer = await deps.directory.openSigner(authority);
    const { record } = await deps.issueServiceCertificate({
      recipe: recipeOfRole[plan.role],
      issuer: plan.parent === plan.name ? { self: { authority, signer } } : await deps.directory.get(plan.parent),
      owner: plan.name,
      publicKeyDer: signer.key.publicKeyDer,
      commonName: plan.commonName,
      names: [],
      requestedBy: plan.actor,
    });
    await deps.inventory.activateAuthority(plan.name, record.serial, {
      at: deps.clock.now(),
      kind: 'authority.activated',
      actor: plan.actor,
      object: `authority:${plan.name}`,
      details: { serial: record.serial },
    });
    deps.directory.forget();
    return true;
  };
}

/** One that was asked for by the same name to be signed elsewhere would wait for itself: its issuer is none of ours. */
const isPlanned = (known: Authority, { role, parent, environment }: AuthorityPlan): boolean =>
  known.role === role && known.parent === parent && known.environment === environment;

const anotherOne = ({ name }: AuthorityPlan): CaError =>
  new CaError('conflict', `There is an authority ${name} already, and it is another one.`);

/** The key first: a row without a key could never be completed, a key without a row is taken by whoever asks again. */
export async function prepareAuthorityRow(deps: PrepareRowDeps, plan: AuthorityPlan): Promise<Authority> {
  const key = await keyFor(deps, plan);
  const authority: Authority = {
    name: plan.name,
    role: plan.role,
    environment: plan.environment,
    parent: plan.parent,
    generation: 1,
    vault: plan.vault,
    vaultKey: key.name,
    keyType: key.type,
    signatureAlgorithm: plan.signatureAlgorithm ?? defaultSignatureAlgorithm(key.type).name,
    certificateSerial: null,
    createdAt: deps.clock.now(),
  };
  await deps.inventory.createAuthority(authority, publicKeySha256(key.publicKeyDer), {
    at: authority.createdAt,
    kind: 'authority.created',
    actor: plan.actor,
    object: `authority:${plan.name}`,
    details: { vault: plan.vault, key: key.name, keyType: key.type },
  });
  return authority;
}

async function keyFor(deps: PrepareRowDeps, { name, vault, vaultKey, keyType }: AuthorityPlan): Promise<VaultKey> {
  if (vaultKey !== undefined) return vaultNamed(deps.vaults, vault).key(vaultKey);
  return createFreshKey(deps, { vault, purpose: name, keyType });
}
