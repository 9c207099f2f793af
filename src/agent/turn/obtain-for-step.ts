/** Gets the certificate that a step asks for, or, where that cannot be had yet and the time has come, the next one of what is in use. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ClientFailure, ClientProblem } from '../../client/failure.ts';
import type { TurnReport } from '../../domain/rotation/turn-report.ts';
import { parseSubjectPublicKey } from '../../domain/x509/public-key.ts';
import { AgentError } from '../agent-error.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import { type CredentialSet, isSamePlace, placeOf } from '../files/credential-set.ts';
import { type Obtained, obtainCertificate, type Waiting } from '../issue/obtain-certificate.ts';
import { rotationBegun } from '../issue/pending-request.ts';
import { changeOf, chooseStep, type Step } from './choose-step.ts';
import type { TurnContext } from './turn-context.ts';

export interface ObtainedBy extends Pick<TurnReport, 'act'> {
  readonly obtained: Obtained;
  readonly why: string;
  /** What was asked for could not be had. */
  readonly trouble?: Error;
  /** What was asked for waits for operators; this is the next one of what is in use. */
  readonly waiting?: Waiting;
}

/** Throws what stood in the way, as `obtainCertificate`. */
export async function obtainForStep(
  context: TurnContext,
  step: Exclude<Step, { kind: 'keep' }>,
  newest: CredentialSet | undefined,
): Promise<ObtainedBy> {
  const change = newest && step.kind === 'enrol' ? changeOf(context.target, newest) : undefined;
  const asBefore = async (obstacle: string): Promise<ObtainedBy | undefined> =>
    change === undefined
      ? undefined
      : rotatedAsBefore(context, newest!, `it is as it was, although ${change}: ${obstacle}`);
  try {
    const act = step.kind === 'enrol' ? 'enrolled' : 'rotated';
    const obtained = await obtain(context, step, newest);
    if (obtained.kind === 'issued') return { act, why: step.why, obtained };
    const instead = await asBefore(`request ${obtained.requestId} waits for approval`);
    return instead?.obtained.kind === 'issued' ? { ...instead, waiting: obtained } : { act, why: step.why, obtained };
  } catch (error) {
    const instead = isNoEnrolment(error) ? await asBefore(error.message) : undefined;
    if (instead) return { ...instead, trouble: error as Error };
    throw error;
  }
}

/**
 * Other names, another profile or product take a token, which may be used up, or operators, who may be away: the certificate must
 * not end over that. Undefined where its time has not come, or another rotation would fail alike.
 */
async function rotatedAsBefore(
  context: TurnContext,
  newest: CredentialSet,
  why: string,
): Promise<ObtainedBy | undefined> {
  const { store, target, signal, log } = context;
  const { serial, product } = newest.facts;
  try {
    const { names, profile } = (await rotationBegun(store.own, serial)) ?? newest.facts;
    const before = {
      ...context,
      target: { ...wishesOfBefore(context, newest), names: [...names], product, ...(profile !== null && { profile }) },
    };
    const step = await chooseStep(before, newest, false);
    if (step.kind !== 'rotate') return undefined;
    const obtained = await obtainCertificate({ ...before, own: store.own }, newest);
    return { act: 'rotated', why: `${step.why}; ${why}`, obtained };
  } catch (error) {
    signal.throwIfAborted();
    const message = `it cannot be rotated as it was, either: ${(error as Error).message}`;
    log({ level: 'warn', target: target.name, message });
    return undefined;
  }
}

/** The kind of key and the lifetime that the file asks for may be what another profile allows, and this one does not. */
function wishesOfBefore({ target }: TurnContext, { facts, keyPem }: CredentialSet): TargetConfig {
  const { profile, lifetimeSeconds, ...others } = target;
  const spkiDer = createPublicKey(createPrivateKey(keyPem)).export({ type: 'spki', format: 'der' });
  const keyType = parseSubjectPublicKey(spkiDer).keyType as TargetConfig['keyType'];
  const isOfOther = profile !== undefined && profile !== facts.profile;
  return { ...others, keyType, ...(lifetimeSeconds !== undefined && !isOfOther && { lifetimeSeconds }) };
}

/** The service, or what is missing here, says no: it is there, and may well rotate. */
const isNoEnrolment = (error: unknown): error is Error =>
  (error instanceof ClientProblem && error.status < 500 && error.status !== 429) ||
  (error instanceof AgentError && noEnrolment.includes(error.code));

const noEnrolment: readonly string[] = [
  ...['tokenMissing', 'fileOpenToOthers', 'requestEnded'],
  ...['certificateHeld', 'answerNotOurs', 'answerNotTrusted'],
];

async function obtain(context: TurnContext, step: Step, newest: CredentialSet | undefined): Promise<Obtained> {
  const deps = { ...context, own: context.store.own };
  const { state, target } = context;
  // Should the file name another folder before there is an answer, the request is looked for here.
  if (!isSamePlace(state.status.place, target.files)) await state.save({ place: placeOf(target.files) });
  if (step.kind !== 'rotate') return obtainCertificate(deps);
  try {
    return await obtainCertificate(deps, newest);
  } catch (error) {
    if (!isTurnedAway(error) && !(await isUnknown(context, newest!, error))) throw error;
    const message = `its certificate is no longer accepted (${(error as Error).message}); it enrols anew`;
    context.log({ level: 'warn', target: context.target.name, message });
    return obtainCertificate(deps);
  }
}

/** The way back is a token: the certificate itself opens nothing any more. */
const turnedAway = ['certificateRevoked', 'certificateExpired', 'certificateUnknown'];

function isTurnedAway(error: unknown): boolean {
  if (error instanceof ClientFailure) return error.code === 'ownCertificateRefused';
  if (!(error instanceof ClientProblem)) return false;
  return error.code === 'conflict' || error.reasons.some(({ code }) => turnedAway.includes(code));
}

/**
 * A token may see what is its product's alone: to it an unknown certificate is as one of others. Nobody else is told so, and then
 * another token, put into its file by mistake, must not make the target another product's.
 */
async function isUnknown({ access }: TurnContext, { facts }: CredentialSet, error: unknown): Promise<boolean> {
  if (!isNotFound(error)) return false;
  const anonymous = await access.anonymous();
  return anonymous.renewalInfo(facts.serial).then(() => false, isNotFound);
}

const isNotFound = (error: unknown): boolean => error instanceof ClientProblem && error.code === 'notFound';
