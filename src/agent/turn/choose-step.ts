/** What a target needs now. */
import type { RenewalInfoJson } from '../../api/certificate.ts';
import type { TargetStatus } from '../../domain/rotation/target-status.ts';
import { parseGeneralName } from '../../domain/x509/general-name.ts';
import { AgentError } from '../agent-error.ts';
import type { TargetConfig } from '../config/agent-schema.ts';
import type { CredentialSet } from '../files/credential-set.ts';
import { rotationBegun } from '../issue/pending-request.ts';
import { isPossible, isTooSoon, longestSilenceMs, ownRenewalTime, renewalTime } from '../plan/renewal-time.ts';
import type { TurnContext } from './turn-context.ts';

export type Step =
  | { readonly kind: 'enrol'; readonly why: string }
  | { readonly kind: 'rotate'; readonly why: string }
  /** No new certificate; `silence` is why the service could not be asked, `hold` that the certificate waits for operators. */
  | { readonly kind: 'keep'; readonly silence?: unknown; readonly hold?: AgentError };

/** `newest` is the newest certificate there is, in use or staged. Keeps the time of renewal in the state. */
export async function chooseStep(
  context: TurnContext,
  newest: CredentialSet | undefined,
  force: boolean,
): Promise<Step> {
  if (!newest) return { kind: 'enrol', why: whyFirst(context.state.status) };
  const change = changeOf(context.target, newest);
  if (change !== undefined) return { kind: 'enrol', why: change };
  if (force) return { kind: 'rotate', why: 'it was asked for' };
  const silence = await askRenewal(context, newest);
  const { renewal } = context.state.status;
  if (renewal?.reason === 'revoked') return { kind: 'enrol', why: 'the certificate is revoked' };
  if (renewal?.reason === 'held') return { kind: 'keep', silence, hold: held(newest) };
  if (renewal && Date.parse(renewal.at) <= context.now()) {
    const isOdd = renewal.reason === 'lifetime' && isJustIssued(context, newest);
    return isOdd
      ? { kind: 'keep', silence, hold: clockAhead(newest) }
      : { kind: 'rotate', why: whyNow(renewal.reason) };
  }
  // The service may have issued long ago what a crash, or an approval to wait for, kept from being used.
  const begun = await rotationBegun(context.store.own, newest.facts.serial);
  if (begun) return { kind: 'rotate', why: 'a rotation was begun before' };
  return silence === undefined ? { kind: 'keep' } : { kind: 'keep', silence };
}

/**
 * A hold is for as long as operators look into something, and can be taken back. To enrol anew with the token would undo it, without
 * anybody having decided; so it also stands when the certificate has expired meanwhile.
 */
const held = ({ facts }: CredentialSet): AgentError =>
  new AgentError(
    'certificateHeld',
    `${facts.serial} is on hold: it is neither rotated nor replaced. Ask an operator to release it, or to revoke it for good.`,
  );

/** By this machine's clock alone, which may be wrong in both readings alike. */
function isJustIssued({ state, now }: TurnContext, { facts }: CredentialSet): boolean {
  const passed = now() - Date.parse(state.status.rotatedAt ?? '');
  return passed >= 0 && passed < longestSilenceMs(facts, Number.POSITIVE_INFINITY);
}

/** Else each new certificate would be replaced at the next turn. A clock that was set right meanwhile puts a rotation off for no longer. */
const clockAhead = ({ facts }: CredentialSet): AgentError =>
  new AgentError(
    'clockAhead',
    `${facts.serial} was issued just now, and its time has come by this machine’s clock. Is that ahead of the service’s? It is not rotated before a twentieth of its life is over.`,
  );

const whyNow = (reason: string): string => (reason === 'campaign' ? 'a campaign asks for it' : 'its time has come');

const whyFirst = ({ set }: TargetStatus): string =>
  set === null ? 'there is no certificate yet' : 'its files are damaged, or gone';

/** A rotation keeps names, product and profile: what differs takes a new enrolment. Undefined: nothing does. */
export function changeOf({ names, profile, product }: TargetConfig, { facts }: CredentialSet): string | undefined {
  const wanted = names.map((name) => parseGeneralName(name)!.value);
  if (!wanted.every((name) => facts.names.includes(name))) return 'the names in the file changed';
  if (facts.names.some((name) => !wanted.includes(name))) return 'the names in the file changed';
  if (profile !== undefined && profile !== facts.profile) return 'the profile in the file changed';
  return product !== undefined && product !== facts.product ? 'the product in the file changed' : undefined;
}

/** Answers why the service could not be asked: then the time known before counts, or the one its lifetime says. */
async function askRenewal(
  { access, state, random, now, file, patient }: TurnContext,
  { facts }: CredentialSet,
): Promise<unknown> {
  const known = state.status.renewal?.serial === facts.serial ? state.status.renewal : null;
  const longestMs = longestSilenceMs(facts, file.pollSeconds * 1000);
  if (patient && isTooSoon(known, now(), longestMs)) return undefined;
  try {
    const info = await (await access.anonymous()).renewalInfo(facts.serial);
    if (!isPossible(info, facts)) throw impossible(info);
    const silenceMs = Math.min((info.retryAfterSeconds ?? 0) * 1000, longestMs);
    const askAgainAt = new Date(now() + silenceMs).toISOString();
    await state.save({ renewal: { ...renewalTime(info, known, random), askAgainAt } });
    return undefined;
  } catch (error) {
    // Also of a service that does not know the certificate, because it was restored from before it: until its time comes the
    // target fails with that word, and then the service sends it to its token.
    await state.save({ renewal: known ?? ownRenewalTime(facts, random) });
    return error;
  }
}

function impossible({ serial, suggestedWindow: { start, end } }: RenewalInfoJson): AgentError {
  const message = `The service says that ${serial} be rotated from ${start} to ${end}, which cannot be meant of this certificate. Is its clock right?`;
  return new AgentError('renewalImpossible', message);
}
