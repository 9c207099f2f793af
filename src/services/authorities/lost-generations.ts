/** What is lost with the key of an authority: its generation, and every generation below that nobody can believe any more. */
import { CaError } from '../../domain/errors.ts';
import { type AuthorityRotation, isUnderWay } from '../../domain/records/authority-rotation.ts';
import type { Authority } from '../../domain/records/environment.ts';
import { type AuthorityGeneration, generationId } from '../../domain/records/generation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { hasIssued } from './certificates-in-use.ts';
import { refuseKeptElsewhere } from './generation-request.ts';

export interface LostDeps {
  readonly inventory: Inventory;
  readonly clock: Pick<Clock, 'now'>;
}

/** A generation that is given up, and the authority it is of. */
export interface Lost {
  readonly authority: Authority;
  readonly generation: AuthorityGeneration;
}

/**
 * The one in force, or the one that a declaration which was cut short has not replaced yet; and those below it, whose
 * certificates nobody can believe any more. A replacement is only given up in its turn where its number says so.
 */
export async function findLost(deps: LostDeps, name: string, wanted: number | undefined): Promise<readonly Lost[]> {
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
  const wasReplaced = generations.some((one) => one.authority === name && wasGivenUp(one) && one.number < number);
  // One that is compromised already is no replacement to keep: a restore has found it on a list, or a declaration was cut short.
  if (wasReplaced && wanted === undefined && !found.isCompromised) {
    const says = `${generationId(found)} has replaced one that was compromised.`;
    throw new CaError('conflict', `${says} If it is compromised, too, say so: generation ${number}.`);
  }
  const below: Lost[] = [];
  for (const generation of await signedBelow(deps, { authority, generation: found })) {
    if (await isInUse(deps, generation))
      below.push({ authority: authorities.find((one) => one.name === generation.authority)!, generation });
  }
  return [{ authority, generation: found }, ...below];
}

/** Also one that was retired before everything that it signed had moved. */
async function isInUse({ inventory, clock }: LostDeps, { phase, certificateSerial }: AuthorityGeneration) {
  if (phase === 'retired') return hasIssued(inventory, certificateSerial!, Math.floor(clock.now() / 1000));
  return phase === 'inForce' || phase === 'outgoing';
}

/**
 * Of the authorities below all generations with a certificate by the lost one or one before it, which ends with it: in force,
 * outgoing or retired, and those that are coming. What its replacement signed is not among them.
 */
async function signedBelow(
  { inventory }: LostDeps,
  { authority: { name }, generation: { number } }: Lost,
): Promise<readonly AuthorityGeneration[]> {
  const names = (await inventory.authorities()).filter((one) => one.parent === name).map((one) => one.name);
  const certificates = await inventory.authorityCertificates();
  const found: AuthorityGeneration[] = [];
  for (const generation of await inventory.generations()) {
    const { authority, certificateSerial } = generation;
    if (authority === name || !names.includes(authority) || certificateSerial === null) continue;
    const record = await inventory.certificate(certificateSerial);
    const signer = certificates.find(({ serial }) => serial === record?.issuerSerial);
    if (signer && signer.generation <= number) found.push(generation);
  }
  return found;
}

/** Their keys are good, but not what was said of them: they get other certificates. */
export const comingBelow = async (deps: LostDeps, [top]: readonly Lost[]): Promise<readonly AuthorityGeneration[]> =>
  (await signedBelow(deps, top!)).filter(({ phase }) => phase === 'coming');

/** One that was compromised before it came into force has issued nothing, and is replaced by nothing: see services/backup. */
const wasGivenUp = ({ isCompromised, phase }: AuthorityGeneration): boolean =>
  isCompromised && phase !== 'coming' && phase !== 'abandoned';

/** Of a generation that is compromised and whose rotation has not come to its campaign. */
async function unfinishedNumber({ inventory }: LostDeps, name: string): Promise<number | undefined> {
  const rotations = await inventory.rotations();
  const lost = (await inventory.generations()).filter((one) => one.authority === name && wasGivenUp(one));
  return lost.find((generation) => {
    const rotation = rotationFrom(rotations, generation);
    return !rotation || (isUnderWay(rotation) && rotation.state !== 'retiring');
  })?.number;
}

/** By which it is followed, or was. */
export const rotationFrom = (
  rotations: readonly AuthorityRotation[],
  { authority, number }: AuthorityGeneration,
): AuthorityRotation | undefined =>
  rotations.find((one) => one.authority === authority && one.predecessor === number && one.state !== 'abandoned');
