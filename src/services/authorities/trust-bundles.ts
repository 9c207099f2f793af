/** What anybody may fetch to build a chain: the authorities' certificates, and the roots of each environment. */
import { CaError } from '../../domain/errors.ts';
import { printable } from '../../domain/policy/printable.ts';
import { rootAbove } from '../../domain/records/external-authority.ts';
import { type AuthorityGeneration, authorityOfGeneration } from '../../domain/records/generation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Services } from '../services.ts';
import { authoritiesBelow } from './authorities-below.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import type { AuthorityView } from './authority-services.ts';
import type { ExternalDirectory, ExternalView } from './external-authorities.ts';
import { externalInUse, signersOf } from './external-in-use.ts';

export interface TrustDeps {
  readonly inventory: Inventory;
  readonly directory: AuthorityDirectory;
  readonly clock: Pick<Clock, 'now'>;
  readonly external: ExternalDirectory;
}

export function createTrustServices(
  deps: TrustDeps,
): Pick<
  Services,
  'listAuthorities' | 'listExternalAuthoritiesServed' | 'authority' | 'authorityGeneration' | 'trustBundle'
> {
  return {
    listExternalAuthoritiesServed: () => servedElsewhere(deps),
    listAuthorities: async () => (await served(deps)).map(viewOf),
    authority: async (name) =>
      viewOf(await (authorityOfGeneration(name) === name ? deps.directory.get(name) : deps.directory.generation(name))),
    authorityGeneration: async (id) => viewOf(await deps.directory.generation(id)),
    async trustBundle(environment) {
      const roots = await trustedRoots(deps.directory, environment);
      const ders = [...roots, ...(await rootsElsewhere(deps, environment))];
      if (ders.length > 0) return ders;
      throw await nobodyTrusted(deps, environment);
    },
  };
}

async function nobodyTrusted({ inventory }: TrustDeps, environment: string): Promise<CaError> {
  const name = printable(environment);
  const isThere = environment === 'system' || (await inventory.environments()).some((one) => one.name === environment);
  return new CaError(
    'notFound',
    isThere
      ? `There is no root to trust in ${name} now: it waits for its first certificate, or for the replacement of a compromised root. GET /v1/status tells operators which.`
      : `There is no environment ${name}. GET /v1/authorities lists what there is.`,
  );
}

/** DER of the roots of an environment, or of `system`, whose keys are here. */
async function trustedRoots(directory: AuthorityDirectory, environment: string): Promise<readonly Uint8Array[]> {
  const all = await directory.generations();
  // Somebody may have forced the end of one above what is in force: without it nobody would believe anything that is issued.
  const isNeeded = (root: ActiveAuthority): boolean =>
    !root.generation.isCompromised && authoritiesBelow(all, root).some(({ generation }) => isTrusted(generation));
  const roots = all.filter(
    (root) =>
      root.authority.parent === root.authority.name &&
      (root.authority.environment ?? 'system') === environment &&
      (isTrusted(root.generation) || isNeeded(root)),
  );
  return roots.map(({ certificateDer }) => certificateDer);
}

/** DER of the roots above every certificate that a generation in use has had: peers may still be shown any of them. */
async function rootsElsewhere(
  { directory, external, inventory }: TrustDeps,
  environment: string,
): Promise<readonly Uint8Array[]> {
  const all = (await external.all()).map((view) => view.external);
  if (!all.some((one) => one.environment === environment)) return [];
  const trusted = (await directory.generations())
    .map(({ authority, generation }) => ({ environment: authority.environment, generation }))
    .filter((one) => one.environment === environment && isTrusted(one.generation));
  const signers = await signersOf(
    inventory,
    trusted.map(({ generation }) => generation),
  );
  const roots = new Set([...signers].map((name) => rootAbove(all, name)?.name));
  return all.filter(({ name }) => roots.has(name)).map(({ certificateDer }) => certificateDer);
}

/** From before it signs anything until nothing that it signed is in use. */
const isTrusted = ({ phase, isCompromised }: AuthorityGeneration): boolean => phase !== 'retired' && !isCompromised;

/** A retired one for as long as its last list is good: who checks its certificates needs both. */
async function served({ directory, inventory, clock }: TrustDeps): Promise<readonly ActiveAuthority[]> {
  const isServed = async ({ id, generation }: ActiveAuthority): Promise<boolean> =>
    generation.phase !== 'retired' || ((await inventory.latestCrl(id))?.nextUpdate ?? 0) > clock.now() / 1000;
  const generations = await directory.generations();
  const kept = await Promise.all(generations.map(isServed));
  return generations.filter((_, index) => kept[index]);
}

/** The same for those elsewhere. Nobody imports the next list of one that was left: who wants all of them would wait for it for ever. */
async function servedElsewhere({ inventory, external, clock }: TrustDeps): Promise<readonly ExternalView[]> {
  const now = Math.floor(clock.now() / 1000);
  const all = await external.all();
  const isListed = ({ crl }: ExternalView): boolean => crl !== null && crl.nextUpdate > now;
  if (all.every(isListed)) return all;
  const inUse = (await externalInUse({ inventory, external }, now)).map((view) => view.external.name);
  return all.filter((view) => isListed(view) || inUse.includes(view.external.name));
}

const viewOf = ({ authority, id, generation, certificate, certificateDer }: ActiveAuthority): AuthorityView => ({
  authority,
  id,
  generation,
  certificate,
  certificateDer,
});
