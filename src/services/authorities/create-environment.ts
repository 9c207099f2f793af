/** Environments: each with a root of its own, so that nothing of one is trusted in another. */
import { CaError, reworded } from '../../domain/errors.ts';
import { builtinProfiles } from '../../domain/policy/builtin-profiles.ts';
import type { Environment, Hierarchy } from '../../domain/records/environment.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Vault } from '../../ports/vault.ts';
import { actorOf, type Caller } from '../caller.ts';
import { noSuch } from '../no-such.ts';
import type { EnvironmentView } from '../services.ts';
import { assertVault } from '../vaults/named-vault.ts';
import type { AuthorityKeys, AuthorityPlan, EnsureAuthority } from './create-authority.ts';
import { authorityNamesOf, issuingAuthorityName, rootAuthorityName } from './environment-authorities.ts';
import { isSignedElsewhere } from './generation-request.ts';
import type { EnsureRequested, RequestPlan } from './request-authority.ts';

export interface EnvironmentDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly ensureAuthority: EnsureAuthority;
  /** By name, as the settings give them. */
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly ensureRequested: EnsureRequested;
  /** Where and how the keys of new authorities are made. */
  readonly authorityKeys: AuthorityKeys;
}

interface WantedEnvironment {
  readonly name: string;
  readonly hierarchy: Hierarchy;
  /** Of its authorities' keys; the service's usual one if absent. */
  readonly vault?: string;
}

/** Creates what is missing of an environment; resolves to the names of the authorities that are newly in force. */
export type EnsureEnvironment = (wanted: WantedEnvironment, actor: string) => Promise<readonly string[]>;

/** An environment that a start completes must not get its other half in another vault. */
const vaultSetting = (environment: string): string => `environmentVault:${environment}`;

export function createEnsureEnvironment(deps: EnvironmentDeps): EnsureEnvironment {
  return async (wanted, actor) => {
    const known = (await deps.inventory.environments()).find(({ name }) => name === wanted.name);
    const environment = known ?? { ...wanted, createdAt: deps.clock.now() };
    if (wanted.vault !== undefined) await deps.inventory.setSetting(vaultSetting(wanted.name), wanted.vault);
    const vault = (await deps.inventory.setting(vaultSetting(wanted.name))) ?? deps.authorityKeys.vault;
    if (!known) {
      await deps.inventory.createEnvironment(environment, builtinProfiles(wanted.name, issuingAuthorityName(wanted)), {
        at: environment.createdAt,
        kind: 'environment.created',
        actor,
        object: `environment:${wanted.name}`,
        details: { hierarchy: wanted.hierarchy, ...(wanted.vault !== undefined && { vault: wanted.vault }) },
      });
    }
    if (environment.hierarchy === 'external') {
      await deps.ensureRequested(requestPlan({ ...deps.authorityKeys, vault }, environment.name, actor));
      return [];
    }
    const made: string[] = [];
    for (const plan of authorityPlans({ ...deps.authorityKeys, vault }, environment, actor)) {
      if (await deps.ensureAuthority(plan)) made.push(plan.name);
    }
    return made;
  };
}

const requestPlan = (keys: AuthorityKeys, environment: string, actor: string): RequestPlan => ({
  ...keys,
  name: `${environment}-issuing`,
  environment,
  commonName: `Privyseal ${environment} issuing`,
  actor,
});

/** Of a hierarchy that is wholly ours. */
function authorityPlans(
  keys: AuthorityKeys,
  { name, hierarchy }: Environment,
  actor: string,
): readonly AuthorityPlan[] {
  const root = rootAuthorityName({ name });
  const issuing = issuingAuthorityName({ name, hierarchy });
  const shared = { environment: name, actor, ...keys };
  if (hierarchy === 'root') {
    return [{ ...shared, name: root, role: 'sole', parent: root, commonName: `Privyseal ${name} root` }];
  }
  return [
    { ...shared, name: root, role: 'root', parent: root, commonName: `Privyseal ${name} root` },
    { ...shared, name: issuing, role: 'issuing', parent: root, commonName: `Privyseal ${name} issuing` },
  ];
}

/** `system` is the service's own authority, apart from every environment. */
const reservedEnvironmentNames: readonly string[] = ['system'];

/** An environment whose creation failed halfway, as when the vault was away, is completed by creating it again. */
export function createCreateEnvironment(
  deps: EnvironmentDeps,
  ensure: EnsureEnvironment,
): (caller: Caller, input: WantedEnvironment) => Promise<EnvironmentView> {
  const underWay = new Set<string>();
  return async (caller, input) => {
    if (input.vault !== undefined) assertVault(deps.vaults, input.vault);
    if (underWay.has(input.name)) throw alreadyThere(input.name);
    underWay.add(input.name);
    try {
      if (await isTaken(deps, input)) throw alreadyThere(input.name);
      await refuseOthersAuthorities(deps, input);
      await ensure(input, actorOf(caller)).catch(tellBegun(input.name));
      return await readEnvironment(deps.inventory, input.name);
    } finally {
      underWay.delete(input.name);
    }
  };
}

/** It is listed from then on: nobody is to take it for whole, or for nothing. */
const tellBegun =
  (name: string) =>
  (error: unknown): never => {
    if (!(error instanceof CaError) || error.code !== 'signerUnavailable') throw error;
    const begun = `The environment ${name} was begun, and is completed by adding it again, or by the next start.`;
    throw reworded(error, `${error.message} ${begun}`);
  };

async function isTaken(deps: EnvironmentDeps, input: WantedEnvironment): Promise<boolean> {
  if (reservedEnvironmentNames.includes(input.name)) return true;
  const known = (await deps.inventory.environments()).find(({ name }) => name === input.name);
  if (!known || known.hierarchy !== input.hierarchy) return known !== undefined;
  if (known.hierarchy === 'external') {
    return isSignedElsewhere(deps.inventory, issuingAuthorityName(known));
  }
  const inForce = (await deps.inventory.authorities()).filter(({ certificateSerial }) => certificateSerial !== null);
  return authorityPlans(deps.authorityKeys, known, 'service').every((plan) =>
    inForce.some(({ name }) => name === plan.name),
  );
}

/** Names of authorities are chosen freely, too: one of another environment would become this one's, with a key that others trust. */
async function refuseOthersAuthorities({ inventory }: EnvironmentDeps, environment: WantedEnvironment) {
  const { name } = environment;
  const wanted = authorityNamesOf(environment);
  const others = (await inventory.authorities()).filter((one) => one.environment !== name);
  const taken = [...others, ...(await inventory.externalAuthorities())].find((one) => wanted.includes(one.name));
  if (!taken) return;
  const message = `The environment ${name} would have the authority ${taken.name}, and there is another one of that name. Choose another name for the environment.`;
  throw new CaError('conflict', message);
}

const alreadyThere = (name: string): CaError =>
  new CaError('conflict', `The environment ${name} exists already, or is being made. Choose another name.`);

/** CaError `notFound` for a name that is none. */
export async function readEnvironment(inventory: Inventory, name: string): Promise<EnvironmentView> {
  const view = (await viewEnvironments(inventory)).find(({ environment }) => environment.name === name);
  if (view) return view;
  throw noSuch('environment', name);
}

export async function viewEnvironments(inventory: Inventory): Promise<readonly EnvironmentView[]> {
  const authorities = await inventory.authorities();
  const views = (await inventory.environments()).map(async (environment) => ({
    environment,
    authorities: authorities.filter((authority) => authority.environment === environment.name),
    profiles: await inventory.profiles(environment.name),
  }));
  return Promise.all(views);
}
