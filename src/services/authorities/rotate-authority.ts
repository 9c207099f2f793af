/**
 * Rotations of authorities: planned, started, advanced step by step, abandoned. Which step may follow which, is in
 * domain/rotation/authority-steps.ts.
 */
import { CaError, type Reason, reworded } from '../../domain/errors.ts';
import { type AuthorityRotation, isUnderWay, type RotationState } from '../../domain/records/authority-rotation.ts';
import type { Authority } from '../../domain/records/environment.ts';
import { generationId } from '../../domain/records/generation.ts';
import { refuse } from '../../domain/refusal.ts';
import {
  judgeStep,
  mayBeAbandoned,
  type RotationObstacle,
  rotationSteps,
} from '../../domain/rotation/authority-steps.ts';
import { publicKeySha256 } from '../../domain/x509/public-key.ts';
import { keyBlockWords } from '../../ports/issuance-conditions.ts';
import { actorOf, type Caller } from '../caller.ts';
import type { CampaignServices } from '../campaigns/campaign-views.ts';
import type { RevocationNews } from '../revoking/revocation-news.ts';
import { assertVault } from '../vaults/named-vault.ts';
import { withGeneration } from './authority-register.ts';
import type { AuthorityTurns } from './authority-turns.ts';
import { hasIssued, productsOf } from './certificates-in-use.ts';
import { nextGenerationNumber } from './generation-numbers.ts';
import { isSignedElsewhere, refuseKeptElsewhere } from './generation-request.ts';
import { heldKey } from './held-key.ts';
import { keysLeft } from './keys-left.ts';
import { beginRotation, completeGeneration, idOf, type PrepareGenerationDeps } from './prepare-generation.ts';
import { destroyKey, finishRetiring, type RetireDeps } from './retire-generation.ts';
import { authorityCertificatesOf, revokeAuthorityCertificates } from './revoke-authority-certificates.ts';
import { findObstacles } from './rotation-obstacles.ts';
import type { AdvanceInput, RotationInput, RotationPlan, RotationServices, RotationView } from './rotation-services.ts';

export interface RotateDeps extends PrepareGenerationDeps, RetireDeps {
  readonly news: RevocationNews;
  readonly campaigns: Pick<CampaignServices, 'startCampaign'>;
  readonly turns: AuthorityTurns;
  /** The roots of an environment, or of `system`, may be others now; never rejects. */
  readonly trustChanged: (environment: string) => Promise<void>;
}

type Rotating = Pick<
  RotationServices,
  'planRotation' | 'startRotation' | 'readRotation' | 'advanceRotation' | 'abandonRotation'
>;

export function createRotateAuthority(deps: RotateDeps): Rotating {
  const { alone } = deps.turns;
  return {
    planRotation: (name, input) => plan(deps, name, input),
    startRotation: (caller, name, input) =>
      alone(name, () => start(deps, actorOf(caller), { name, ...input }).catch(tellBegun(deps, name))),
    readRotation: async (name) => viewRotation(deps, await newestRotation(deps, name)),
    advanceRotation: (caller, name, input) => alone(name, () => advance(deps, caller, { name, ...input })),
    abandonRotation: (caller, name) =>
      alone(name, () => abandon(deps, actorOf(caller), name).catch(tellAbandoned(deps, name))),
  };
}

async function plan(deps: RotateDeps, name: string, input: RotationInput): Promise<RotationPlan> {
  const authority = await rotatable(deps, name);
  const now = Math.floor(deps.clock.now() / 1000);
  const authorities = await deps.inventory.authorities();
  return {
    authority: name,
    role: authority.role,
    from: generationId({ authority: name, number: authority.generation }),
    to: generationId({ authority: name, number: await nextGenerationNumber(deps.inventory, name) }),
    ...(await keyWanted(deps, authority, input)),
    isRoot: authority.parent === name,
    isSignedElsewhere: await isSignedElsewhere(deps.inventory, name),
    below: authorities.filter((one) => one.parent === name && one.name !== name).map((one) => one.name),
    products: await productsOf(deps.inventory, authority.certificateSerial!, now),
  };
}

/**
 * Key, certificate and crosses; of an authority that is signed elsewhere key and CSR, and it stays `preparing`. Called again
 * after a crash, it goes on with what there is.
 */
export async function start(
  deps: PrepareGenerationDeps & RotateDeps,
  actor: string,
  { name, ...input }: RotationInput & { readonly name: string },
): Promise<RotationView> {
  deps.clock.assertSafe();
  const known = (await rotationsOf(deps, name)).find(isUnderWay);
  if (known && known.state !== 'preparing') {
    throw new CaError('conflict', `A rotation of ${name} is under way: it is ${known.state}. Advance or abandon it.`);
  }
  if (known) await refuseOtherKey(deps, known, input);
  const authority = await rotatable(deps, name);
  const rotation =
    known ??
    (await beginRotation(deps, {
      authority,
      number: await nextGenerationNumber(deps.inventory, name),
      ...(await keyWanted(deps, authority, input)),
      actor,
    }));
  await completeGeneration(deps, rotation, actor);
  // One that is signed elsewhere goes on with the import of its certificate.
  const view = await viewRotation(deps, rotation);
  return view.obstacles.length > 0 ? view : step(deps, rotation, { actor });
}

/** A vault that is away cuts a start short when the key is there already: nobody is to think that nothing was begun. */
const tellBegun =
  (deps: RotateDeps, name: string) =>
  async (error: unknown): Promise<never> => {
    if (!(error instanceof CaError) || error.code !== 'signerUnavailable') throw error;
    const begun = (await rotationsOf(deps, name)).find(({ state }) => state === 'preparing');
    if (!begun) throw error;
    const goOn = `The key of ${idOf(begun, 'generation')} is there, its certificate is not: ask again to go on, or abandon the rotation.`;
    throw reworded(error, `${error.message} ${goOn}`);
  };

/** A vault that lets nobody remove its key: nobody is to think that the rotation goes on. */
const tellAbandoned =
  (deps: RotateDeps, name: string) =>
  async (error: unknown): Promise<never> => {
    const isKept = error instanceof CaError && (error.code === 'signerUnavailable' || error.code === 'policyRefused');
    if (!isKept || (await newestRotation(deps, name)).state !== 'abandoned') throw error;
    throw reworded(error, `The rotation of ${name} is abandoned. ${error.message}`);
  };

/** A start that is completed makes no other key than the one that is there. */
async function refuseOtherKey(
  { inventory }: RotateDeps,
  rotation: AuthorityRotation,
  { vault, key, keyType }: RotationInput,
): Promise<void> {
  const id = idOf(rotation, 'generation');
  const coming = (await inventory.generations()).find((one) => generationId(one) === id);
  if (!coming) return;
  const same = (wanted: string | undefined, there: string): boolean => wanted === undefined || wanted === there;
  if (same(vault, coming.vault) && same(key, coming.vaultKey) && same(keyType, coming.keyType)) return;
  const is = `${coming.vaultKey}, ${coming.keyType} in the vault ${coming.vault}`;
  throw new CaError(
    'conflict',
    `The key of ${id} was made already: ${is}. Go on with it, or abandon the rotation first.`,
  );
}

/** The certificate that a new generation waited for was imported: as if its `start` had come back only now. */
export async function goOnCertified(deps: RotateDeps, name: string, actor: string): Promise<void> {
  const rotation = (await rotationsOf(deps, name)).find(({ state }) => state === 'preparing');
  if (rotation) await step(deps, rotation, { actor });
}

/** Where the new key is and of which kind: as the one before, unless it is said; one that is there already is what it is. */
async function keyWanted(
  { vaults, inventory }: RotateDeps,
  authority: Authority,
  { vault = authority.vault, key, keyType }: RotationInput,
): Promise<Pick<RotationPlan, 'vault' | 'key' | 'keyType'>> {
  assertVault(vaults, vault);
  if (key === undefined) return { vault, key: null, keyType: keyType ?? authority.keyType };
  const held = await heldKey(vaults, { vault, name: key, ...(keyType !== undefined && { keyType }) });
  // The inventory refuses it again when it is taken; a plan is to say so, too.
  const block = await inventory.keyBlock(publicKeySha256(held.publicKeyDer));
  if (block)
    throw new CaError('conflict', `The key ${key} of the vault ${vault} ${keyBlockWords[block]}. Name another.`);
  return { vault, key, keyType: held.type };
}

async function rotatable(deps: RotateDeps, name: string): Promise<Authority> {
  const authorities = await deps.inventory.authorities();
  const authority = authorities.find((one) => one.name === name && one.certificateSerial !== null);
  if (authority) return authority;
  await refuseKeptElsewhere(deps.inventory, name);
  throw new CaError('notFound', `There is no authority ${name} in force. The list of authorities shows which are.`);
}

const rotationsOf = async ({ inventory }: Pick<RotateDeps, 'inventory'>, name: string) =>
  (await inventory.rotations()).filter(({ authority }) => authority === name);

/** The one under way, or the newest. */
async function newestRotation(deps: Pick<RotateDeps, 'inventory'>, name: string): Promise<AuthorityRotation> {
  const rotations = await rotationsOf(deps, name);
  const found = rotations.find(isUnderWay) ?? rotations.at(-1);
  if (found) return found;
  throw new CaError('notFound', `${name} is no authority, or was never rotated.`);
}

type Advancing = AdvanceInput & { readonly name: string };

async function advance(deps: RotateDeps, caller: Caller, { name, ...input }: Advancing): Promise<RotationView> {
  deps.clock.assertSafe();
  const actor = actorOf(caller);
  const rotation = await newestRotation(deps, name);
  if (rotation.state === 'preparing') await completeGeneration(deps, rotation, actor);
  // What a crash left of the last step is all there is to do.
  const isOver = !rotationSteps[rotation.state];
  if (rotation.state === 'retired' || (isOver && (await keysLeft(deps)).some(({ authority }) => authority === name))) {
    await finishRetired(deps, name, actor);
    return viewRotation(deps, rotation);
  }
  return step(deps, rotation, { actor, caller, ...input });
}

interface Stepping extends AdvanceInput {
  readonly actor: string;
  /** Absent: nothing that takes a campaign. */
  readonly caller?: Caller;
}

/** Judges the step that comes, and takes it. */
export async function step(
  deps: RotateDeps,
  rotation: AuthorityRotation,
  { actor, caller, reason, rotateBy }: Stepping,
): Promise<RotationView> {
  const verdict = judgeStep(rotation.state, await findObstacles(deps, rotation), reason !== undefined);
  if (verdict.kind === 'ended') {
    throw new CaError('conflict', `The rotation of ${rotation.authority} is over: it was ${rotation.state}.`);
  }
  if (verdict.kind === 'refused') refuse(verdict.obstacles.map(reasonOf));
  const campaign =
    verdict.to === 'retiring' && caller ? await ensureCampaign(deps, caller, { rotation, rotateBy }) : undefined;
  const moved = await move(deps, rotation, {
    to: verdict.to,
    actor,
    ...(campaign !== undefined && { campaign }),
    ...(verdict.forced.length > 0 && { forced: verdict.forced, reason: reason ?? '' }),
  });
  if (verdict.to === 'retired') await finishRetired(deps, rotation.authority, actor).catch(tellRetired(rotation));
  return viewRotation(deps, moved);
}

/** A vault that is away, or keeps its key: nobody is to think that the step was not taken. */
const tellRetired =
  (rotation: AuthorityRotation) =>
  (error: unknown): never => {
    if (!(error instanceof CaError)) throw error;
    throw reworded(
      error,
      `${idOf(rotation, 'predecessor')} is retired; what is left is to be completed. ${error.message}`,
    );
  };

/** Of one before the newest, the retirement may have been cut short, and another rotation begun; or its vault may be gone for good. */
async function finishRetired(deps: RotateDeps, name: string, actor: string): Promise<void> {
  const retired = (await rotationsOf(deps, name)).filter(({ state }) => state === 'retired').toReversed();
  const finishings = retired.map((rotation, at) => async () => {
    const id = idOf(rotation, 'predecessor');
    const { vault } = (await deps.directory.generation(id)).authority;
    if (at === 0 || deps.vaults.has(vault)) await finishRetiring(deps, id, actor);
  });
  // What could not be destroyed when it was given up.
  const authority = (await deps.inventory.authorities()).find((one) => one.name === name);
  const left = (await keysLeft(deps)).filter((one) => one.authority === name && one.phase === 'abandoned');
  const removals = left.map((generation) => async () => {
    if (authority) await destroyKey(deps, { authority: withGeneration(authority, generation), generation }, actor);
  });
  await eachThough([...finishings, ...removals]);
}

/** All of them, one after the other, though some fail; then rejects as the first that did. */
async function eachThough(acts: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const act of acts) await act().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Refusals name who stands in the way. */
const reasonOf = ({ condition, who }: RotationObstacle): Reason => ({
  code: 'rotationConditionNotMet',
  field: condition,
  message: `${condition}: ${named(who)}`,
});

const mostNamed = 50;

const named = (who: readonly string[]): string =>
  who.slice(0, mostNamed).join(' | ') + (who.length > mostNamed ? ` | and ${who.length - mostNamed} more` : '');

interface Move {
  readonly to: RotationState;
  readonly actor: string;
  readonly campaign?: string;
  readonly forced?: readonly RotationObstacle[];
  readonly reason?: string;
}

/** The longest detail of an audit event that is still easily read. */
const longestDetail = 500;

async function move(
  deps: RotateDeps,
  rotation: AuthorityRotation,
  { to, actor, campaign, forced, reason }: Move,
): Promise<AuthorityRotation> {
  const { authority, generation, state: from } = rotation;
  const at = deps.clock.now();
  const overruled = forced?.map(({ condition, who }) => `${condition}: ${named(who)}`).join('; ');
  const details = {
    generation: idOf(rotation, 'generation'),
    from,
    to,
    ...(campaign !== undefined && { campaign }),
    ...(overruled !== undefined && { forced: overruled.slice(0, longestDetail), reason: reason ?? '' }),
  };
  const isMoved = await deps.inventory.changeRotation({
    authority,
    generation,
    from,
    to,
    ...(campaign !== undefined && { campaign }),
    at,
    audit: { at, kind: 'authority.rotationAdvanced', actor, object: `authority:${authority}`, details },
  });
  if (!isMoved) throw new CaError('conflict', `The rotation of ${authority} was advanced by somebody else meanwhile.`);
  deps.directory.forget();
  const { environment } = (await deps.directory.generation(idOf(rotation, 'predecessor'))).authority;
  await deps.trustChanged(environment ?? 'system');
  return { ...rotation, state: to, changedAt: at, campaign: campaign ?? rotation.campaign };
}

const defaultRotationSeconds = 30 * 86_400;

/**
 * A campaign that a crash left without its rotation is found again by its filter, unless this one is to end sooner. Undefined
 * where nothing is to be rotated.
 */
export async function ensureCampaign(
  deps: RotateDeps,
  caller: Caller,
  { rotation, rotateBy }: { readonly rotation: AuthorityRotation; readonly rotateBy: number | undefined },
): Promise<string | undefined> {
  const { certificate } = await deps.directory.generation(idOf(rotation, 'predecessor'));
  const now = Math.floor(deps.clock.now() / 1000);
  if (!(await hasIssued(deps.inventory, certificate.serial, now))) return undefined;
  const known = (await deps.inventory.campaignsUnderWay()).find(
    (one) => one.filter.issuerSerial === certificate.serial && one.rotateBy <= (rotateBy ?? one.rotateBy),
  );
  if (known) return known.id;
  const by = rotateBy ?? Math.min(now + defaultRotationSeconds, certificate.notAfter);
  const { campaign } = await deps.campaigns.startCampaign(caller, {
    filter: { issuer: certificate.serial },
    rotateBy: new Date(by * 1000).toISOString(),
    description: `${idOf(rotation, 'predecessor')} is followed by ${idOf(rotation, 'generation')}`,
  });
  return campaign.id;
}

/** Nothing but crosses was issued with the new key: it is as if it had never been. */
export async function abandon(deps: RotateDeps, actor: string, name: string): Promise<RotationView> {
  const rotation = await newestRotation(deps, name);
  if (rotation.state !== 'abandoned' && !mayBeAbandoned[rotation.state]) {
    throw new CaError(
      'conflict',
      `The rotation of ${name} is ${rotation.state}: the new generation is in use already.`,
    );
  }
  const ended = rotation.state === 'abandoned' ? rotation : await move(deps, rotation, { to: 'abandoned', actor });
  const generation = (await deps.inventory.generations()).find(
    (one) => one.authority === name && one.number === rotation.generation,
  );
  const authority = (await deps.inventory.authorities()).find((one) => one.name === name);
  if (!generation || !authority) throw new CaError('serverInternal', `The generations of ${name} are not recorded.`);
  await revokeAuthorityCertificates(deps, generation, { actor, reason: 'cessationOfOperation' });
  if (generation.keyDestroyedAt === null)
    await destroyKey(deps, { authority: withGeneration(authority, generation), generation }, actor);
  return viewRotation(deps, ended);
}

async function viewRotation(deps: RotateDeps, rotation: AuthorityRotation): Promise<RotationView> {
  const facts = await findObstacles(deps, rotation);
  const verdict = judgeStep(rotation.state, facts, false);
  const { authority, generation, predecessor } = rotation;
  const known = await authorityCertificatesOf(deps.inventory, authority);
  const own = known.filter((one) => one.generation === generation);
  const signers = new Set(own.map(({ serial }) => serial));
  // Its predecessor's cross by a generation that was given up before is none of it.
  const cross = known.filter((one) => one.generation === predecessor && one.kind === 'oldWithNew');
  const generations = await deps.inventory.generations();
  const before = generations.find((one) => one.authority === authority && one.number === predecessor);
  return {
    rotation,
    from: idOf(rotation, 'predecessor'),
    to: idOf(rotation, 'generation'),
    next: rotationSteps[rotation.state]?.to ?? null,
    obstacles: verdict.kind === 'refused' ? verdict.obstacles : [],
    certificates: [...own, ...cross.filter(({ issuerSerial }) => signers.has(issuerSerial))].map(
      ({ kind, serial }) => ({ kind, serial }),
    ),
    oldKeyDestroyedAt: before?.keyDestroyedAt ?? null,
  };
}
