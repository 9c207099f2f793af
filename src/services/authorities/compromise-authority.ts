/** An authority's key is in other hands: it stops issuing, is revoked, published and replaced, and its certificates rotate; one act. */
import { CaError } from '../../domain/errors.ts';
import { isUnderWay } from '../../domain/records/authority-rotation.ts';
import type { Authority } from '../../domain/records/environment.ts';
import { type AuthorityGeneration, generationId } from '../../domain/records/generation.ts';
import { refuse } from '../../domain/refusal.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { CrlPublisher } from '../revoking/publish-crl.ts';
import { assertVault } from '../vaults/named-vault.ts';
import { refuseKeptElsewhere } from './generation-request.ts';
import { idOf } from './prepare-generation.ts';
import { finishRetiring } from './retire-generation.ts';
import { revocableElsewhere, revocableOf, revokeAuthorityCertificates } from './revoke-authority-certificates.ts';
import { type RotateDeps, start, step } from './rotate-authority.ts';
import { operatorsOf, type ProductCount, productsOf } from './rotation-obstacles.ts';
import type { CompromiseInput, CompromiseOutcome, CompromisePlan, RotationServices } from './rotation-services.ts';

export interface CompromiseDeps extends RotateDeps {
  readonly crls: CrlPublisher;
}

/** A generation that is given up, and the authority it is of. */
interface Lost {
  readonly authority: Authority;
  readonly generation: AuthorityGeneration;
}

export function createCompromiseAuthority(
  deps: CompromiseDeps,
): Pick<RotationServices, 'planCompromise' | 'declareCompromise'> {
  return {
    planCompromise: async (name, { generation, rotateBy, vault }) => {
      if (vault !== undefined) assertVault(deps.vaults, vault);
      refusePast(deps, rotateBy);
      return plan(deps, await findLost(deps, name, generation));
    },
    declareCompromise: (caller, name, input) => declare(deps, caller, { name, ...input }),
  };
}

/** Before anything is revoked: a campaign could not be started at the end. */
function refusePast({ clock }: CompromiseDeps, rotateBy: number | undefined): void {
  if (rotateBy === undefined || rotateBy > clock.now() / 1000) return;
  const value = new Date(rotateBy * 1000).toISOString();
  refuse([{ code: 'deadlinePassed', field: 'rotateBy', message: 'It is over already. Name a time to come.', value }]);
}

/**
 * The one in force, or the one that a declaration which was cut short has not replaced yet; and those in force below it, whose
 * certificates nobody can believe any more. A replacement is only given up in its turn where its number says so.
 */
async function findLost(deps: CompromiseDeps, name: string, wanted: number | undefined): Promise<readonly Lost[]> {
  const authorities = await deps.inventory.authorities();
  const generations = await deps.inventory.generations();
  const authority = authorities.find((one) => one.name === name && one.certificateSerial !== null);
  if (!authority) {
    await refuseKeptElsewhere(deps.inventory, name);
    throw new CaError('notFound', `There is no authority ${name} in force.`);
  }
  const unfinished = await unfinishedNumber(deps, name);
  const number = wanted ?? unfinished ?? authority.generation;
  const found = generations.find((one) => one.authority === name && one.number === number);
  if (!found || found.phase === 'coming' || found.phase === 'abandoned' || found.phase === 'retired') {
    throw new CaError('conflict', `${name} has no generation ${number} in use.`);
  }
  const wasReplaced = generations.some((one) => one.authority === name && one.isCompromised && one.number < number);
  if (wasReplaced && wanted === undefined) {
    const says = `${generationId(found)} has replaced one that was compromised.`;
    throw new CaError('conflict', `${says} If it is compromised, too, say so: generation ${number}.`);
  }
  const below = authorities
    .filter((one) => one.parent === name && one.name !== name && one.certificateSerial !== null)
    .map((one) => ({ authority: one, generation: lostBelow(generations, one) }));
  return [{ authority, generation: found }, ...below];
}

/** Below, the one that the declaration has given up already, where it has; else the one in force. */
const lostBelow = (generations: readonly AuthorityGeneration[], { name, generation }: Authority) =>
  generations.find((one) => one.authority === name && one.isCompromised && one.phase !== 'retired') ??
  generations.find((one) => one.authority === name && one.number === generation)!;

/** Of a generation that is compromised and whose rotation has not come to its campaign. */
async function unfinishedNumber({ inventory }: CompromiseDeps, name: string): Promise<number | undefined> {
  const rotations = await inventory.rotations();
  const lost = (await inventory.generations()).filter((one) => one.authority === name && one.isCompromised);
  return lost.find(({ number }) => {
    const rotation = rotations.find((one) => one.authority === name && one.predecessor === number && isUnderWay(one));
    const wasReplaced = rotations.some((one) => one.authority === name && one.predecessor === number);
    return !wasReplaced || (rotation !== undefined && rotation.state !== 'retiring');
  })?.number;
}

async function plan(deps: CompromiseDeps, lost: readonly Lost[]): Promise<CompromisePlan> {
  return {
    replaced: await replacementsOf(deps, lost),
    revoked: (await Promise.all(lost.map(({ generation }) => revocableOf(deps.inventory, generation)))).flat(),
    revocableElsewhere: await elsewhereOf(deps, lost),
    products: await productsOfAll(deps, lost),
    operators: await operatorsOfAll(deps, lost),
  };
}

const elsewhereOf = async ({ inventory }: CompromiseDeps, lost: readonly Lost[]) =>
  (await Promise.all(lost.map(({ generation }) => revocableElsewhere(inventory, generation)))).flat();

async function replacementsOf(deps: CompromiseDeps, lost: readonly Lost[]): Promise<CompromisePlan['replaced']> {
  const generations = await deps.inventory.generations();
  return lost.map(({ authority: { name }, generation }) => {
    const numbers = generations.filter((one) => one.authority === name).map(({ number }) => number);
    const coming = generations.find((one) => one.authority === name && one.phase === 'coming')?.number;
    const number = generation.phase === 'outgoing' ? generation.number + 1 : (coming ?? Math.max(...numbers) + 1);
    return { from: generationId(generation), to: generationId({ authority: name, number }) };
  });
}

async function productsOfAll(deps: CompromiseDeps, lost: readonly Lost[]): Promise<readonly ProductCount[]> {
  const now = Math.floor(deps.clock.now() / 1000);
  const products: ProductCount[] = [];
  for (const { authority, generation } of lost) {
    if (authority.role === 'issuing' || authority.role === 'sole')
      products.push(...(await productsOf(deps.inventory, generation.certificateSerial!, now)));
  }
  return products;
}

async function operatorsOfAll({ inventory, clock }: CompromiseDeps, lost: readonly Lost[]): Promise<readonly string[]> {
  const now = Math.floor(clock.now() / 1000);
  const system = lost.filter(({ authority: { role } }) => role === 'system');
  const names = system.map(({ generation }) => operatorsOf(inventory, generation.certificateSerial!, now));
  return (await Promise.all(names)).flat();
}

type Declaring = CompromiseInput & { readonly name: string };

async function declare(
  deps: CompromiseDeps,
  caller: Caller,
  { name, reason, generation, rotateBy, vault }: Declaring,
): Promise<CompromiseOutcome> {
  deps.clock.assertSafe();
  if (vault !== undefined) assertVault(deps.vaults, vault);
  refusePast(deps, rotateBy);
  const lost = await findLost(deps, name, generation);
  const replaced = await replacementsOf(deps, lost);
  const actor = actorOf(caller);
  for (const one of lost) await markCompromised(deps, one, { actor, reason });
  const revoked: string[] = [];
  for (const { generation: one } of lost)
    revoked.push(...(await revokeAuthorityCertificates(deps, one, { actor, reason: 'cACompromise' })));
  await deps.crls.refreshDue();
  // Above first: the replacement of an authority is signed by that of its root.
  for (const one of lost) await replace(deps, one, { actor, reason, ...(vault !== undefined && { vault }) });
  // New certificates come by now; everything below reads all that there are.
  const products = await productsOfAll(deps, lost);
  const campaigns: string[] = [];
  for (const one of lost) campaigns.push(...(await retire(deps, caller, { lost: one, reason, rotateBy })));
  return {
    replaced,
    revoked,
    revocableElsewhere: await elsewhereOf(deps, lost),
    products,
    operators: await operatorsOfAll(deps, lost),
    campaigns,
    waiting: await waitingOf(deps, lost),
  };
}

/** Generations that are to take the place of lost ones, and are signed elsewhere. */
async function waitingOf({ inventory }: CompromiseDeps, lost: readonly Lost[]): Promise<readonly string[]> {
  const names = new Set(lost.map(({ authority: { name } }) => name));
  return (await inventory.rotations())
    .filter(({ authority, state }) => names.has(authority) && state === 'preparing')
    .map((rotation) => idOf(rotation, 'generation'));
}

interface Declared {
  readonly actor: string;
  readonly reason: string;
  /** Of the new key. */
  readonly vault?: string;
}

async function markCompromised(deps: CompromiseDeps, { authority, generation }: Lost, declared: Declared) {
  if (generation.isCompromised) return;
  await deps.inventory.markGeneration({
    authority: authority.name,
    number: generation.number,
    isCompromised: true,
    audit: {
      at: deps.clock.now(),
      kind: 'authority.compromised',
      actor: declared.actor,
      object: `authority:${authority.name}`,
      details: { generation: generationId(generation), reason: declared.reason },
    },
  });
  deps.directory.forget();
}

/** Until new certificates come from another generation, or that waits for its own from elsewhere: through every step, each forced, and kept by the audit log as that. */
async function replace(deps: CompromiseDeps, { authority, generation }: Lost, declared: Declared) {
  const { actor, reason, vault } = declared;
  const { name } = authority;
  const overruled = `compromised: ${reason}`;
  await endEarlier(deps, { authority, generation }, { actor, reason: overruled });
  for (;;) {
    const rotations = (await deps.inventory.rotations()).filter((one) => one.authority === name);
    const rotation = rotations.find((one) => one.predecessor === generation.number && one.state !== 'abandoned');
    if (!rotation || rotation.state === 'preparing') {
      const started = await start(deps, actor, { name, ...(vault !== undefined && { vault }) });
      if (started.rotation.state === 'preparing') return;
    } else if (rotation.state === 'prepared' || rotation.state === 'trusted')
      await step(deps, rotation, { actor, reason: overruled });
    else return;
  }
}

/** The rotation that brought the compromised generation, if it still goes on: what it replaced is given up with it. */
async function endEarlier(deps: CompromiseDeps, { authority, generation }: Lost, declared: Declared): Promise<void> {
  const earlier = (await deps.inventory.rotations()).find(
    (one) => one.authority === authority.name && one.generation === generation.number && isUnderWay(one),
  );
  if (!earlier) return;
  const { actor, reason } = declared;
  const view = earlier.state === 'issuing' ? await step(deps, earlier, { actor, reason }) : undefined;
  await step(deps, view?.rotation ?? earlier, { actor, reason });
  await finishRetiring(deps, idOf(earlier, 'predecessor'), actor);
}

const defaultRotationSeconds = 86_400;

/** Has what the compromised generation issued rotated; an authority that issued to no product has no campaign. */
async function retire(
  deps: CompromiseDeps,
  caller: Caller,
  { lost, reason, rotateBy }: { readonly lost: Lost; readonly reason: string; readonly rotateBy: number | undefined },
): Promise<readonly string[]> {
  const { name } = lost.authority;
  const rotation = (await deps.inventory.rotations()).find(
    (one) => one.authority === name && one.predecessor === lost.generation.number && isUnderWay(one),
  );
  if (!rotation) return [];
  if (rotation.state !== 'issuing') return rotation.campaign === null ? [] : [rotation.campaign];
  const by = rotateBy ?? Math.floor(deps.clock.now() / 1000) + defaultRotationSeconds;
  const overruled = `compromised: ${reason}`;
  const retiring = await step(deps, rotation, { actor: actorOf(caller), caller, reason: overruled, rotateBy: by });
  const { campaign } = retiring.rotation;
  return campaign === null ? [] : [campaign];
}
