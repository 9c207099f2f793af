/** An authority's key is in other hands: it stops issuing, is revoked, published and replaced, and its certificates rotate; one act. */
import { CaError } from '../../domain/errors.ts';
import { type AuthorityRotation, isUnderWay } from '../../domain/records/authority-rotation.ts';
import { type AuthorityGeneration, generationId } from '../../domain/records/generation.ts';
import { refuse } from '../../domain/refusal.ts';
import { mayBeAbandoned } from '../../domain/rotation/authority-steps.ts';
import { actorOf, type Caller } from '../caller.ts';
import { type ProductCount, productCounts } from '../inventory/product-counts.ts';
import type { CrlPublisher } from '../revoking/publish-crl.ts';
import { assertVault } from '../vaults/named-vault.ts';
import { productsOf } from './certificates-in-use.ts';
import { forgetDeclared, rememberDeclared } from './declared-compromises.ts';
import { nextGenerationNumber } from './generation-numbers.ts';
import { isSignedElsewhere } from './generation-request.ts';
import { comingBelow, findLost, type Lost, rotationFrom } from './lost-generations.ts';
import { completeGeneration, idOf } from './prepare-generation.ts';
import { finishRetiring } from './retire-generation.ts';
import { revocableElsewhere, revocableOf, revokeAuthorityCertificates } from './revoke-authority-certificates.ts';
import { abandon, ensureCampaign, type RotateDeps, start, step } from './rotate-authority.ts';
import { operatorsOf } from './rotation-obstacles.ts';
import type { CompromiseInput, CompromiseOutcome, CompromisePlan, RotationServices } from './rotation-services.ts';

export interface CompromiseDeps extends RotateDeps {
  readonly crls: CrlPublisher;
}

export function createCompromiseAuthority(
  deps: CompromiseDeps,
): Pick<RotationServices, 'planCompromise' | 'declareCompromise'> {
  return {
    planCompromise: async (name, { generation, rotateBy, vault }) => {
      if (vault !== undefined) assertVault(deps.vaults, vault);
      refusePast(deps, rotateBy);
      return plan(deps, await findLost(deps, name, generation), vault);
    },
    async declareCompromise(caller, name, input) {
      // Before anything is waited for: a step that is under way may be making a key for minutes.
      const generation = await stopIssuing(deps, caller, { name, ...input });
      return deps.turns.aboveAll(() => declare(deps, caller, { name, ...input, generation }));
    },
  };
}

/** Before anything is revoked: a campaign could not be started at the end. */
function refusePast({ clock }: CompromiseDeps, rotateBy: number | undefined): void {
  if (rotateBy === undefined || rotateBy > clock.now() / 1000) return;
  const value = new Date(rotateBy * 1000).toISOString();
  refuse([{ code: 'deadlinePassed', field: 'rotateBy', message: 'It is over already. Name a time to come.', value }]);
}

async function plan(deps: CompromiseDeps, lost: readonly Lost[], vault: string | undefined): Promise<CompromisePlan> {
  return {
    replaced: await replacementsOf(deps, lost, vault),
    revoked: (await Promise.all((await unbelieved(deps, lost)).map((one) => revocableOf(deps.inventory, one)))).flat(),
    revocableElsewhere: await elsewhereOf(deps, lost),
    products: await productsOfAll(deps, lost),
    operators: await operatorsOfAll(deps, lost),
  };
}

/** Every generation whose certificates are revoked. */
const unbelieved = async (deps: CompromiseDeps, lost: readonly Lost[]): Promise<readonly AuthorityGeneration[]> => [
  ...lost.map(({ generation }) => generation),
  ...(await comingBelow(deps, lost)),
];

const elsewhereOf = async ({ inventory }: CompromiseDeps, lost: readonly Lost[]) =>
  (await Promise.all(lost.map(({ generation }) => revocableElsewhere(inventory, generation)))).flat();

async function replacementsOf(
  deps: CompromiseDeps,
  lost: readonly Lost[],
  vault: string | undefined,
): Promise<CompromisePlan['replaced']> {
  const rotations = await deps.inventory.rotations();
  const replacementOf = async ({ authority: { name }, generation }: Lost) => {
    const known = rotationFrom(rotations, generation);
    const kept = known && (await isGivenUp(deps, known, vault)) ? undefined : known;
    return {
      from: generationId(generation),
      to: generationId({
        authority: name,
        number: kept?.generation ?? (await nextGenerationNumber(deps.inventory, name)),
      }),
    };
  };
  return Promise.all(lost.map(replacementOf));
}

/** Its key has issued nothing, and waits in another vault than is named now, which may be what was lost; or it is lost or compromised itself. */
async function isGivenUp(
  { vaults, inventory }: CompromiseDeps,
  rotation: AuthorityRotation,
  vault: string | undefined,
): Promise<boolean> {
  if (!mayBeAbandoned[rotation.state]) return false;
  const id = idOf(rotation, 'generation');
  const coming = (await inventory.generations()).find((one) => generationId(one) === id);
  if (coming?.isCompromised || (vault !== undefined && coming?.vault !== vault)) return true;
  const held = vaults.get(coming?.vault ?? '');
  if (!coming || !held) return false;
  return held.key(coming.vaultKey).then(
    () => false,
    (error: unknown) => error instanceof CaError && error.code === 'notFound',
  );
}

async function productsOfAll(deps: CompromiseDeps, lost: readonly Lost[]): Promise<readonly ProductCount[]> {
  const now = Math.floor(deps.clock.now() / 1000);
  const counts = new Map<string, number>();
  for (const { authority, generation } of lost) {
    if (authority.role !== 'issuing' && authority.role !== 'sole') continue;
    for (const { product, certificates } of await productsOf(deps.inventory, generation.certificateSerial!, now))
      counts.set(product, (counts.get(product) ?? 0) + certificates);
  }
  return productCounts(counts);
}

async function operatorsOfAll({ inventory, clock }: CompromiseDeps, lost: readonly Lost[]): Promise<readonly string[]> {
  const now = Math.floor(clock.now() / 1000);
  const system = lost.filter(({ authority: { role } }) => role === 'system');
  const names = system.map(({ generation }) => operatorsOf(inventory, generation.certificateSerial!, now));
  return (await Promise.all(names)).flat();
}

type Declaring = CompromiseInput & { readonly name: string };

/** Resolves to the number of the generation that is meant. */
async function stopIssuing(
  deps: CompromiseDeps,
  caller: Caller,
  { name, reason, generation, rotateBy, vault }: Declaring,
): Promise<number> {
  deps.clock.assertSafe();
  if (vault !== undefined) assertVault(deps.vaults, vault);
  refusePast(deps, rotateBy);
  const lost = await findLost(deps, name, generation);
  const { number } = lost[0]!.generation;
  const input = { reason, ...(vault !== undefined && { vault }), ...(rotateBy !== undefined && { rotateBy }) };
  await rememberDeclared(deps.inventory, { caller, name, number, input });
  for (const one of lost) await markCompromised(deps, one, { actor: actorOf(caller), reason });
  return number;
}

async function declare(
  deps: CompromiseDeps,
  caller: Caller,
  { name, reason, generation, rotateBy, vault }: Declaring,
): Promise<CompromiseOutcome> {
  const lost = await findLost(deps, name, generation);
  const replaced = await replacementsOf(deps, lost, vault);
  const actor = actorOf(caller);
  // The steps that were waited for may have brought further ones.
  for (const one of lost) await markCompromised(deps, one, { actor, reason });
  const revoked: string[] = [];
  for (const one of await unbelieved(deps, lost))
    revoked.push(...(await revokeAuthorityCertificates(deps, one, { actor, reason: 'cACompromise' })));
  await deps.crls.refreshDue();
  // Above first: the replacement of an authority is signed by that of its root.
  const unfinished: { generation: string; reason: string }[] = [];
  for (const [at, one] of lost.entries()) {
    const away = await awayOr(replace(deps, one, { actor, reason, ...(vault !== undefined && { vault }) }));
    if (away) unfinished.push({ generation: replaced[at]!.to, reason: away.message });
  }
  // Also where nothing takes the place of what is lost yet: its root is not to be believed until then.
  for (const environment of new Set(lost.map(({ authority }) => authority.environment ?? 'system')))
    await deps.trustChanged(environment);
  // New certificates come by now; everything below reads all that there are.
  const products = await productsOfAll(deps, lost);
  const campaigns: string[] = [];
  // The one that was declared last: while its rotation has not come so far, asking again goes on.
  for (const one of lost.toReversed()) campaigns.push(...(await retire(deps, caller, { lost: one, reason, rotateBy })));
  if (unfinished.length === 0) await forgetDeclared(deps.inventory, name, lost[0]!.generation.number);
  return {
    replaced,
    revoked,
    revocableElsewhere: await elsewhereOf(deps, lost),
    products,
    operators: await operatorsOfAll(deps, lost),
    campaigns,
    waiting: await waitingOf(deps, lost),
    unfinished,
  };
}

/** What a vault that is away refuses; the authority has stopped and is revoked by then, and everybody is to hear of that. */
async function awayOr(act: Promise<void>): Promise<CaError | undefined> {
  try {
    await act;
    return undefined;
  } catch (error) {
    if (error instanceof CaError && error.code === 'signerUnavailable') return error;
    throw error;
  }
}

/** Generations that are to take the place of lost ones, and are signed elsewhere. */
async function waitingOf({ inventory }: CompromiseDeps, lost: readonly Lost[]): Promise<readonly string[]> {
  const names = new Set(lost.map(({ authority: { name } }) => name));
  const preparing = (await inventory.rotations()).filter(
    ({ authority, state }) => names.has(authority) && state === 'preparing',
  );
  const elsewhere = await Promise.all(preparing.map(({ authority }) => isSignedElsewhere(inventory, authority)));
  return preparing.filter((_rotation, at) => elsewhere[at]).map((rotation) => idOf(rotation, 'generation'));
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

/**
 * Takes every step, each forced, and recorded in the audit log as forced, until new certificates come from another generation.
 * A generation that is signed elsewhere ends this where it waits for its certificate.
 */
async function replace(deps: CompromiseDeps, { authority, generation }: Lost, declared: Declared) {
  const { actor, reason, vault } = declared;
  const { name } = authority;
  const overruled = `compromised: ${reason}`;
  await endEarlier(deps, { authority, generation }, { actor, reason: overruled });
  await giveUpOther(deps, { authority, generation }, declared);
  for (;;) {
    const rotation = rotationFrom(await deps.inventory.rotations(), generation);
    if (!rotation || rotation.state === 'preparing') {
      const started = await start(deps, actor, { name, ...(vault !== undefined && { vault }) });
      if (started.rotation.state === 'preparing') return;
    } else if (rotation.state === 'prepared' || rotation.state === 'trusted') {
      await completeGeneration(deps, rotation, actor);
      await step(deps, rotation, { actor, reason: overruled });
    } else return;
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

/** The key may be out of reach with its vault: it has issued nothing, and is not used any more. */
async function giveUpOther(deps: CompromiseDeps, { authority, generation }: Lost, { actor, vault }: Declared) {
  const rotation = rotationFrom(await deps.inventory.rotations(), generation);
  if (!rotation || !(await isGivenUp(deps, rotation, vault))) return;
  await abandon(deps, actor, authority.name).catch((error: unknown) => {
    if (!(error instanceof CaError) || error.code !== 'signerUnavailable') throw error;
  });
}

const defaultRotationSeconds = 86_400;

/** Has what the compromised generation issued rotated; an authority that issued to no product has no campaign. */
async function retire(
  deps: CompromiseDeps,
  caller: Caller,
  { lost, reason, rotateBy }: { readonly lost: Lost; readonly reason: string; readonly rotateBy: number | undefined },
): Promise<readonly string[]> {
  const rotation = rotationFrom(await deps.inventory.rotations(), lost.generation);
  const by = rotateBy ?? Math.floor(deps.clock.now() / 1000) + defaultRotationSeconds;
  const campaign = rotation && (await campaignOf(deps, caller, { rotation, by, reason }));
  return campaign ? [campaign] : [];
}

interface Hurry {
  readonly rotation: AuthorityRotation;
  /** Unix seconds. */
  readonly by: number;
  readonly reason: string;
}

/** Also of one that was under way, or forced to its end, before: what it was to rotate calmly is not believed any more. */
async function campaignOf(deps: CompromiseDeps, caller: Caller, { rotation, by, reason }: Hurry) {
  if (rotation.state === 'issuing') {
    const overruled = `compromised: ${reason}`;
    return (await step(deps, rotation, { actor: actorOf(caller), caller, reason: overruled, rotateBy: by })).rotation
      .campaign;
  }
  const isReplaced = rotation.state === 'retiring' || rotation.state === 'retired';
  return isReplaced ? ensureCampaign(deps, caller, { rotation, rotateBy: by }) : undefined;
}
