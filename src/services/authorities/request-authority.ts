/** An authority of ours that is to be signed elsewhere: its key, its row, and the CSR to take there. */
import { CaError } from '../../domain/errors.ts';
import { externalParent } from '../../domain/records/external-authority.ts';
import type { KeyType } from '../../domain/x509/key-type.ts';
import { encodeName } from '../../domain/x509/name.ts';
import { actorOf } from '../caller.ts';
import { noSuch } from '../no-such.ts';
import { assertVault, type Vaults } from '../vaults/named-vault.ts';
import type { AuthorityDirectory } from './authority-directory.ts';
import type { AuthorityInput, AuthorityServices } from './authority-services.ts';
import {
  type AuthorityKeys,
  type AuthorityPlan,
  type PrepareRowDeps,
  prepareAuthorityRow,
} from './create-authority.ts';
import type { DescribeOwnAuthority } from './describe-authority.ts';
import { authorityNamesOf } from './environment-authorities.ts';
import { ensureGenerationRequest, isSignedElsewhere } from './generation-request.ts';
import { heldKey } from './held-key.ts';

export interface RequestAuthorityDeps extends PrepareRowDeps {
  readonly directory: AuthorityDirectory;
}

/** Who signs it is not known yet. */
export type RequestPlan = Omit<AuthorityPlan, 'role' | 'parent'>;

/** Resolves to true when the CSR is new. A crash in between is healed by the same call. */
export type EnsureRequested = (plan: RequestPlan) => Promise<boolean>;

export function createEnsureRequested(deps: RequestAuthorityDeps): EnsureRequested {
  return async (plan) => {
    if (await isSignedElsewhere(deps.inventory, plan.name)) return false;
    const known = (await deps.inventory.authorities()).find(({ name }) => name === plan.name);
    const authority = known ?? (await prepareAuthorityRow(deps, { ...plan, role: 'issuing', parent: externalParent }));
    const subjectDer = encodeName([{ type: 'commonName', value: plan.commonName }]);
    return ensureGenerationRequest(deps, { authority, subjectDer, actor: plan.actor });
  };
}

export interface CreateRequestedDeps {
  readonly inventory: PrepareRowDeps['inventory'];
  readonly ensureRequested: EnsureRequested;
  readonly describeAuthority: DescribeOwnAuthority;
  readonly authorityKeys: AuthorityKeys;
  readonly vaults: Vaults;
}

/** One whose making failed halfway, as when the vault was away, is completed by asking for it again. */
export const createRequestAuthority =
  (deps: CreateRequestedDeps): AuthorityServices['requestAuthority'] =>
  async (caller, input) => {
    if (input.vault !== undefined) assertVault(deps.vaults, input.vault);
    await refuseUnfit(deps, input);
    const keyPlan = keyPlanOf(deps.authorityKeys, input);
    if (keyPlan.vaultKey !== undefined) {
      const { keyType } = input;
      const wanted = { vault: keyPlan.vault, name: keyPlan.vaultKey, ...(keyType !== undefined && { keyType }) };
      await heldKey(deps.vaults, wanted);
    }
    const { name, environment, commonName = `Privyseal ${name}` } = input;
    const made = await deps.ensureRequested({
      ...{ name, environment, commonName },
      actor: actorOf(caller),
      ...keyPlan,
    });
    if (!made) throw alreadyThere(name);
    return deps.describeAuthority(name);
  };

/** The settings' algorithm is for the settings' kind of key; any other kind has its own. */
function keyPlanOf(
  { vault, keyType, signatureAlgorithm }: AuthorityKeys,
  input: AuthorityInput,
): Pick<AuthorityPlan, 'vault' | 'keyType' | 'vaultKey' | 'signatureAlgorithm'> {
  const wanted: KeyType = input.keyType ?? keyType;
  const isUsual = input.key === undefined && wanted === keyType;
  return {
    vault: input.vault ?? vault,
    keyType: wanted,
    ...(input.key !== undefined && { vaultKey: input.key }),
    ...(isUsual && signatureAlgorithm !== undefined && { signatureAlgorithm }),
  };
}

/** Names that mean something else. */
const reservedNames: readonly string[] = ['system', externalParent];

async function refuseUnfit({ inventory }: CreateRequestedDeps, { name, environment }: AuthorityInput): Promise<void> {
  const environments = await inventory.environments();
  if (!environments.some((one) => one.name === environment)) {
    throw noSuch('environment', environment);
  }
  const known = (await inventory.authorities()).find((authority) => authority.name === name);
  const isUnfinished = known?.parent === externalParent && known.environment === environment;
  const isExternal = (await inventory.externalAuthorities()).some((external) => external.name === name);
  if (reservedNames.includes(name) || isExternal || (known && !isUnfinished)) throw alreadyThere(name);
  // Of one that is half made, too: it would be completed with an authority that is not its own.
  const owner = environments.find((one) => authorityNamesOf(one).includes(name));
  if (owner && !(owner.name === environment && owner.hierarchy === 'external')) {
    throw new CaError(
      'conflict',
      `The name ${name} is that of an authority that the environment ${owner.name} has, or is to have. Choose another name.`,
    );
  }
}

const alreadyThere = (name: string): CaError =>
  new CaError('conflict', `The authority ${name} exists already. Choose another name, or show the one there is.`);
