/** Environments: each with a root of its own, so that nothing of one is trusted in another. */
import { CaError } from '../domain/errors.ts';
import { builtinProfiles } from '../domain/policy/builtin-profiles.ts';
import type { Environment, Hierarchy } from '../domain/records/environment.ts';
import type { KeyType } from '../domain/x509/key-type.ts';
import type { SignatureAlgorithmName } from '../domain/x509/signature-algorithm.ts';
import type { Clock } from '../ports/clock.ts';
import type { Inventory } from '../ports/inventory.ts';
import { actorOf, type Caller } from './caller.ts';
import type { AuthorityPlan, EnsureAuthority } from './create-authority.ts';
import type { EnvironmentView } from './services.ts';

export interface EnvironmentDeps {
  readonly inventory: Inventory;
  readonly clock: Clock;
  readonly ensureAuthority: EnsureAuthority;
  /** Where and how the keys of new authorities are made. */
  readonly authorityKeys: {
    readonly vault: string;
    readonly keyType: KeyType;
    readonly signatureAlgorithm?: SignatureAlgorithmName;
  };
}

export const issuingAuthorityName = ({ name, hierarchy }: Pick<Environment, 'name' | 'hierarchy'>): string =>
  hierarchy === 'root' ? `${name}-root` : `${name}-issuing`;

/** Creates what is missing of an environment; resolves to the names of the authorities that are new. */
export type EnsureEnvironment = (
  wanted: { readonly name: string; readonly hierarchy: Hierarchy },
  actor: string,
) => Promise<readonly string[]>;

export function createEnsureEnvironment(deps: EnvironmentDeps): EnsureEnvironment {
  return async (wanted, actor) => {
    const known = (await deps.inventory.environments()).find(({ name }) => name === wanted.name);
    const environment = known ?? { ...wanted, createdAt: deps.clock.now() };
    if (!known) {
      await deps.inventory.createEnvironment(environment, builtinProfiles(wanted.name, issuingAuthorityName(wanted)), {
        at: environment.createdAt,
        kind: 'environment.created',
        actor,
        object: `environment:${wanted.name}`,
        details: { hierarchy: wanted.hierarchy },
      });
    }
    const made: string[] = [];
    for (const plan of authorityPlans(deps, environment, actor)) {
      if (await deps.ensureAuthority(plan)) made.push(plan.name);
    }
    return made;
  };
}

function authorityPlans(
  deps: EnvironmentDeps,
  { name, hierarchy }: Environment,
  actor: string,
): readonly AuthorityPlan[] {
  const root = `${name}-root`;
  const shared = { environment: name, actor, ...deps.authorityKeys };
  if (hierarchy === 'root') {
    return [{ ...shared, name: root, role: 'sole', parent: root, commonName: `Privyseal ${name} root` }];
  }
  return [
    { ...shared, name: root, role: 'root', parent: root, commonName: `Privyseal ${name} root` },
    { ...shared, name: `${name}-issuing`, role: 'issuing', parent: root, commonName: `Privyseal ${name} issuing` },
  ];
}

/** `system` is the service's own authority, apart from every environment. */
const reservedEnvironmentNames: readonly string[] = ['system'];

/** An environment whose creation failed halfway, as when the vault was away, is completed by creating it again. */
export function createCreateEnvironment(
  deps: EnvironmentDeps,
  ensure: EnsureEnvironment,
): (caller: Caller, input: { name: string; hierarchy: Hierarchy }) => Promise<EnvironmentView> {
  const underWay = new Set<string>();
  return async (caller, input) => {
    if (underWay.has(input.name)) throw alreadyThere(input.name);
    underWay.add(input.name);
    try {
      if (await isTaken(deps, input)) throw alreadyThere(input.name);
      await ensure(input, actorOf(caller));
      return await readEnvironment(deps.inventory, input.name);
    } finally {
      underWay.delete(input.name);
    }
  };
}

async function isTaken(deps: EnvironmentDeps, input: { name: string; hierarchy: Hierarchy }): Promise<boolean> {
  if (reservedEnvironmentNames.includes(input.name)) return true;
  const known = (await deps.inventory.environments()).find(({ name }) => name === input.name);
  if (!known || known.hierarchy !== input.hierarchy) return known !== undefined;
  const inForce = (await deps.inventory.authorities()).filter(({ certificateSerial }) => certificateSerial !== null);
  return authorityPlans(deps, known, 'service').every((plan) => inForce.some(({ name }) => name === plan.name));
}

const alreadyThere = (name: string): CaError =>
  new CaError('conflict', `The environment ${name} exists already, or is being made. Choose another name.`);

/** CaError `notFound` for a name that is none. */
export async function readEnvironment(inventory: Inventory, name: string): Promise<EnvironmentView> {
  const view = (await viewEnvironments(inventory)).find(({ environment }) => environment.name === name);
  if (view) return view;
  throw new CaError('notFound', 'There is no such environment. The list of environments shows which there are.');
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
