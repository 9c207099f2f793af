/** Finds out who stands in the way of a rotation's next step: from what was issued, and from what targets report. */
import { hash } from 'node:crypto';
import { CaError } from '../../domain/errors.ts';
import type { AuthorityRotation } from '../../domain/records/authority-rotation.ts';
import type { Authority } from '../../domain/records/environment.ts';
import { rootAbove, upFrom } from '../../domain/records/external-authority.ts';
import { generationId } from '../../domain/records/generation.ts';
import {
  mayBeAbandoned,
  type RotationCondition,
  type RotationFacts,
  rotationSteps,
} from '../../domain/rotation/authority-steps.ts';
import type { ReportedTrust } from '../../ports/deployment-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Vault } from '../../ports/vault.ts';
import type { GuardedClock } from '../guard-clock.ts';
import { everyCertificate, everyProduct } from '../inventory/read-all.ts';
import { keyFaultOf } from '../vaults/probed-key.ts';
import { authoritiesBelow, retiredBelow } from './authorities-below.ts';
import type { ActiveAuthority, AuthorityDirectory } from './authority-directory.ts';
import { productsOf } from './certificates-in-use.ts';
import { isSignedElsewhere } from './generation-request.ts';
import { idOf, isCrossed, whyCompromised } from './prepare-generation.ts';
import { authorityCertificatesOf } from './revoke-authority-certificates.ts';

export interface ObstacleDeps {
  readonly inventory: Inventory;
  readonly vaults: ReadonlyMap<string, Vault>;
  readonly directory: AuthorityDirectory;
  readonly clock: GuardedClock;
}

/** The two generations, once the new one has its certificate. */
interface Both {
  readonly rotation: AuthorityRotation;
  readonly before: ActiveAuthority;
  readonly after: ActiveAuthority;
  /** Unix seconds. */
  readonly now: number;
}

type Find = (deps: ObstacleDeps, both: Both) => Promise<readonly string[]>;

const nobody: readonly string[] = [];

const finders: Readonly<Record<Exclude<RotationCondition, 'certified'>, Find>> = {
  keySigns: async (deps, { rotation, after }) => {
    const fault = await keyFaultOf(deps, after.generation);
    if (fault === null) return nobody;
    // What was not begun to be used can be given up, and the key before it goes on.
    const instead = mayBeAbandoned[rotation.state] ? 'abandon the rotation' : 'replace the authority as compromised';
    return [`${after.id}: its key does not sign: ${fault.message} Mend that and ask again, or ${instead}.`];
  },
  async published(deps, both) {
    const isThere = hasList(deps, both.now);
    const own = (await isThere(both.after.id)) ? nobody : [`${both.after.id}: its list is not published yet`];
    return [...own, ...(await listsToImport(deps, both))];
  },
  async rootTrusted(deps, both) {
    const sha256 = await newRootOf(deps, both);
    const lagging = sha256 === undefined ? nobody : await productsLacking(deps, both, lacksRoot(sha256));
    // An agent that has lists takes up no root before those below it are there.
    return lagging.length === 0 ? nobody : [...lagging, ...(await listsToImport(deps, both))];
  },
  async serversMoved({ inventory }, { after, now }) {
    if (after.authority.role !== 'system') return nobody;
    const [newest] = await inventory.searchCertificates({ purpose: 'server', sort: '-requestedAt', limit: 1, now });
    return !newest || newest.issuerSerial === after.certificate.serial
      ? nobody
      : ['the service’s own servers: they take a new certificate within seconds'];
  },
  async authoritiesMoved({ directory }, { before }) {
    return authoritiesBelow(await directory.generations(), before).map(({ id }) => id);
  },
  async operatorsMoved({ inventory }, { before, after, now }) {
    if (after.authority.role !== 'system') return nobody;
    const moved = await operatorsOf(inventory, after.certificate.serial, now);
    const all = await operatorsOf(inventory, before.certificate.serial, now);
    return all.filter((name) => !moved.includes(name)).map((name) => `operator ${name}`);
  },
  serviceRootLearned: (deps, both) =>
    both.after.authority.role === 'system' ? productsLacking(deps, both, notHeardOf(both)) : none(),
  async certificatesMoved(deps, { before, now }) {
    const counts = await productsOf(deps.inventory, before.certificate.serial, now);
    const own = counts.map(({ product, certificates }) => `${product}: ${certificates} certificate(s)`);
    return [...own, ...(await leftBelow(deps, before, now))];
  },
};

/** Certificates whose issuer somebody made retire before them: they would lose their chain with the root. */
async function leftBelow(
  { inventory, directory }: ObstacleDeps,
  before: ActiveAuthority,
  now: number,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const { id, certificate } of retiredBelow(await directory.generations(), before)) {
    const counts = await productsOf(inventory, certificate.serial, now);
    left.push(...counts.map(({ product, certificates }) => `${product}: ${certificates} certificate(s) of ${id}`));
  }
  return left;
}

const none = async (): Promise<readonly string[]> => nobody;

/** Only what the step that comes asks for is found out; of the rest nobody is told. */
export async function findObstacles(deps: ObstacleDeps, rotation: AuthorityRotation): Promise<RotationFacts> {
  const step = rotationSteps[rotation.state];
  const compromised = mayBeAbandoned[rotation.state] ? await whyCompromised(deps, rotation) : undefined;
  const lacking = async () => (compromised === undefined ? lackingCertificates(deps, rotation) : [compromised]);
  const facts: Record<RotationCondition, readonly string[]> = {
    certified: step ? await lacking() : nobody,
    keySigns: nobody,
    published: nobody,
    rootTrusted: nobody,
    serversMoved: nobody,
    authoritiesMoved: nobody,
    operatorsMoved: nobody,
    serviceRootLearned: nobody,
    certificatesMoved: nobody,
  };
  // After an end nothing stands in anybody's way, and keys may be gone.
  if (!step || facts.certified.length > 0) return facts;
  const both: Both = {
    rotation,
    before: await deps.directory.generation(idOf(rotation, 'predecessor')),
    after: await deps.directory.generation(idOf(rotation, 'generation')),
    now: Math.floor(deps.clock.now() / 1000),
  };
  for (const condition of step.conditions) {
    if (condition !== 'certified') facts[condition] = await finders[condition](deps, both);
  }
  return facts;
}

const asksElsewhere = 'its certificate; have its CSR signed, and import the chain';

/** Which certificates the new generation, or the old one for its cross, does not have yet. */
export async function lackingCertificates(
  { inventory, directory, clock }: ObstacleDeps,
  rotation: AuthorityRotation,
): Promise<readonly string[]> {
  const authority = (await inventory.authorities()).find(({ name }) => name === rotation.authority);
  const before = (await inventory.generations()).find(
    (generation) => generationId(generation) === idOf(rotation, 'predecessor'),
  );
  const certificate = await inventory.certificate(before?.certificateSerial ?? '');
  const isRoot = authority?.parent === rotation.authority;
  const needsCrosses = isRoot && before && certificate && isCrossed(before, certificate, clock.now());
  const wanted = [
    ['generation', 'own'],
    ...(needsCrosses
      ? ([
          ['generation', 'newWithOld'],
          ['predecessor', 'oldWithNew'],
        ] as const)
      : []),
  ] as const;
  const known = await authorityCertificatesOf(inventory, rotation.authority);
  const isElsewhere = await isSignedElsewhere(inventory, rotation.authority);
  const lacks = wanted.filter(
    ([which, kind]) =>
      !known.some((one) => one.generation === rotation[which] && one.kind === kind && one.state === 'issued'),
  );
  if (lacks.length === 0) return nobody;
  const away = isElsewhere || !authority ? undefined : await whySignerIsAway(directory, authority, rotation);
  const goesOn = before?.isCompromised ? 'it goes on by itself' : 'advance the rotation';
  const why = away === undefined ? '' : `, which ${away} Once that is mended, ${goesOn}`;
  return lacks.map(
    ([which, kind]) => `${idOf(rotation, which)}: ${isElsewhere ? asksElsewhere : `certificate ${kind}${why}`}`,
  );
}

/** Who is to sign, and why that is not done now; undefined: nothing is known against it. A root is signed with its old key, too. */
async function whySignerIsAway(
  directory: AuthorityDirectory,
  { name, parent }: Authority,
  rotation: AuthorityRotation,
): Promise<string | undefined> {
  try {
    const signer = parent === name ? directory.generation(idOf(rotation, 'predecessor')) : directory.get(parent);
    const refusal = (await signer).signer.refusal?.();
    return refusal && `${parent} cannot sign now: ${refusal.message}`;
  } catch (error) {
    if (error instanceof CaError) return `${parent} cannot sign now: ${error.message}`;
    throw error;
  }
}

/**
 * Hex SHA-256 of the root that comes with the new generation. Undefined for `system`: until its old generation retires, who
 * trusts that one believes the new one by its cross-certificate.
 */
async function newRootOf({ inventory }: ObstacleDeps, { before, after }: Both): Promise<string | undefined> {
  const { authority, certificateDer } = after;
  if (authority.role === 'system') return undefined;
  if (authority.parent === authority.name) return hash('sha256', certificateDer, 'hex');
  const external = await inventory.externalAuthorities();
  const rootOf = ({ certificate }: ActiveAuthority) => rootAbove(external, certificate.authority)?.sha256;
  return rootOf(after) === rootOf(before) ? undefined : rootOf(after);
}

const hasList =
  ({ inventory }: ObstacleDeps, now: number) =>
  async (name: string): Promise<boolean> =>
    ((await inventory.latestCrl(name))?.nextUpdate ?? 0) > now;

/** Who checks lists wants those of a chain that is new, too, unless it has always done without. */
async function listsToImport(deps: ObstacleDeps, { before, after, now }: Both): Promise<readonly string[]> {
  const external = await deps.inventory.externalAuthorities();
  const above = ({ certificate }: ActiveAuthority) => upFrom(external, certificate.authority).map(({ name }) => name);
  const known = above(before);
  const listed = await Promise.all(known.map((name) => deps.inventory.latestCrl(name)));
  if (listed.every((list) => list === undefined)) return nobody;
  const fresh = above(after).filter((name) => !known.includes(name));
  const isThere = await Promise.all(fresh.map(hasList(deps, now)));
  return fresh
    .filter((_, index) => !isThere[index])
    .map(
      (name) => `${name}: its list is not imported yet, and whoever checks lists would refuse what is issued below it`,
    );
}

/** What one product lacks, in words; undefined: nothing. */
type Lack = (product: string, trust: ReportedTrust) => string | undefined;

const lacksRoot = (sha256: string): Lack => lackOf(({ trustSha256 }) => trustSha256.includes(sha256));

const notHeardOf = ({ rotation }: Both): Lack => lackOf(({ reportedAt }) => reportedAt >= rotation.startedAt);

const mostNamed = 20;

const lackOf =
  (isGood: (target: ReportedTrust['targets'][number]) => boolean): Lack =>
  (product, { unreported, targets }) => {
    const lagging = targets.filter((target) => !isGood(target)).map(({ target }) => target);
    const named = lagging.slice(0, mostNamed).join(', ') + (lagging.length > mostNamed ? ', …' : '');
    const parts = [
      ...(lagging.length > 0 ? [`${lagging.length} of ${targets.length} targets (${named})`] : []),
      ...(unreported > 0 ? [`${unreported} certificate(s) that no target reports`] : []),
    ];
    return parts.length > 0 ? `${product}: ${parts.join('; ')}` : undefined;
  };

async function productsLacking({ inventory }: ObstacleDeps, both: Both, lack: Lack): Promise<readonly string[]> {
  const { environment } = both.after.authority;
  const found: string[] = [];
  for await (const { id } of everyProduct(inventory, environment)) {
    const trust = await inventory.reportedTrust(id, both.now);
    const says = trust.certificates > 0 || trust.targets.length > 0 ? lack(id, trust) : undefined;
    if (says !== undefined) found.push(says);
  }
  return found;
}

/** Who has a good certificate of a generation of `system`. */
export async function operatorsOf(
  inventory: Pick<Inventory, 'searchCertificates'>,
  issuerSerial: string,
  now: number,
): Promise<readonly string[]> {
  const names = new Set<string>();
  const filter = { purpose: 'operator', issuerSerial, status: 'valid' } as const;
  for await (const { owner } of everyCertificate(inventory, { ...filter, now })) names.add(owner);
  return [...names];
}
